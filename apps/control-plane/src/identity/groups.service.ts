import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { mintId } from '@sallyport/runtime';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { Prisma } from '../db/generated/client.js';
import { list, moment } from '../http/answers.js';
import { alreadyThere, nameForPut } from '../http/noun.js';
import { nounPage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { Problem, notFound } from '../http/problem.js';
import { byReference, name, text } from '../http/text.js';
import { setThatNames } from '../policies/naming.js';
import { setMembersOf } from './memberships.js';

export const groupFields = z.strictObject({
  description: text(500).default(''),
  members: z
    .strictObject({ users: z.array(name).max(5_000).optional(), subagents: z.array(name).max(5_000).optional() })
    .optional()
    .describe('Names; kept as they are when not given.'),
});
export type GroupFields = z.infer<typeof groupFields>;
export const newGroup = z.strictObject({ name, ...groupFields.shape });

const include = { members: { include: { user: true, subagent: true } } } as const;
type Row = Prisma.GroupGetPayload<{ include: typeof include }>;

export const groupView = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    members: z.object({ users: list(z.string()), subagents: list(z.string()) }).describe('Names.'),
    createdAt: moment,
  })
  .meta({ id: 'Group' });
export type GroupView = z.input<typeof groupView>;

const present = (row: Row): GroupView => ({
  id: row.id,
  name: row.name,
  description: row.description,
  members: {
    users: row.members.flatMap(({ user }) => (user === null ? [] : [user.name])).sort(),
    subagents: row.members.flatMap(({ subagent }) => (subagent === null ? [] : [subagent.name])).sort(),
  },
  createdAt: row.createdAt,
});

@Injectable()
export class GroupsService {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;

  constructor(@Inject(Database) database: Database, @Inject(ConfigurationChanges) changes: ConfigurationChanges) {
    this.#database = database;
    this.#changes = changes;
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<GroupView>> {
    const rows = await this.#database.group.findMany({ ...nounPage(tenantId, query), include });
    return toPage(rows, query.limit, (row) => [row.id], present);
  }

  async get(tenantId: string, ref: string): Promise<GroupView> {
    const row = await this.#database.group.findFirst({ where: byReference(tenantId, ref), include });
    if (row === null) throw notFound('group');
    return present(row);
  }

  async create(tenantId: string, { name, ...fields }: z.infer<typeof newGroup>): Promise<GroupView> {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      if ((await transaction.group.findFirst({ where: { tenantId, name } })) !== null)
        throw alreadyThere('group', name);
      return this.#save(transaction, tenantId, { name, fields });
    });
  }

  async put(tenantId: string, ref: string, fields: GroupFields) {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const row = await transaction.group.findFirst({ where: byReference(tenantId, ref) });
      const name = nameForPut('group', ref, row);
      return { created: row === null, item: await this.#save(transaction, tenantId, { name, fields }) };
    });
  }

  async remove(tenantId: string, ref: string): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const row = await transaction.group.findFirst({ where: byReference(tenantId, ref) });
      if (row === null) throw notFound('group');
      // Without its group a policy would hold for nobody, also one that forbids.
      const set = await setThatNames(transaction, tenantId, { type: 'Group', id: row.name });
      if (set !== undefined)
        throw new Problem('in_use', `the policy set ${set} names it; publish one without it first`);
      await transaction.group.delete({ where: { id: row.id } });
    });
  }

  async #save(
    transaction: Transaction,
    tenantId: string,
    { name, fields }: { readonly name: string; readonly fields: GroupFields },
  ): Promise<GroupView> {
    const { id } = await transaction.group.upsert({
      where: { tenantId_name: { tenantId, name } },
      create: { id: mintId('grp'), tenantId, name, description: fields.description },
      update: { description: fields.description },
    });
    if (fields.members !== undefined) await setMembersOf(transaction, tenantId, id, fields.members);
    return present(await transaction.group.findUniqueOrThrow({ where: { id }, include }));
  }
}
