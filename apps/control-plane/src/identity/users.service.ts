import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { mintId } from '@sallyport/runtime';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { Prisma } from '../db/generated/client.js';
import { list, moment } from '../http/answers.js';
import { roles } from '../http/caller.js';
import type { Role } from '../http/caller.js';
import { alreadyThere, nameForPut } from '../http/noun.js';
import { nounPage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { Problem, notFound } from '../http/problem.js';
import { Logins } from '../logins/logins.service.js';
import { byReference, line, name } from '../http/text.js';
import { setGroupsOf } from './memberships.js';

export const userFields = z.strictObject({
  role: z.enum(roles),
  email: line(254).nullable().optional().describe('For people to read; it never identifies anybody.'),
  disabled: z.boolean().optional().describe('Kept as it is when not given.'),
  groups: z.array(name).max(200).optional().describe('Kept as they are when not given.'),
});
export type UserFields = z.infer<typeof userFields>;
export const newUser = z.strictObject({ name, ...userFields.shape });

const include = { groups: { include: { group: true } } } as const;
type Row = Prisma.UserGetPayload<{ include: typeof include }>;

export const userView = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(roles),
    email: z.string().nullable(),
    disabled: z.boolean(),
    groups: list(z.string()).describe('Names.'),
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: 'User' });
export type UserView = z.input<typeof userView>;

const present = (row: Row): UserView => ({
  id: row.id,
  name: row.name,
  role: row.role as Role,
  email: row.email,
  disabled: row.disabled,
  groups: row.groups.map((member) => member.group.name).sort(),
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

@Injectable()
export class UsersService {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;
  readonly #logins: Logins;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ConfigurationChanges) changes: ConfigurationChanges,
    @Inject(Logins) logins: Logins,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#logins = logins;
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<UserView>> {
    const rows = await this.#database.user.findMany({ ...nounPage(tenantId, query), include });
    return toPage(rows, query.limit, (row) => [row.id], present);
  }

  async get(tenantId: string, ref: string): Promise<UserView> {
    const row = await this.#database.user.findFirst({ where: byReference(tenantId, ref), include });
    if (row === null) throw notFound('user');
    return present(row);
  }

  async create(tenantId: string, { name, ...fields }: z.infer<typeof newUser>): Promise<UserView> {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      if ((await transaction.user.findFirst({ where: { tenantId, name } })) !== null) throw alreadyThere('user', name);
      return this.#save(transaction, tenantId, { name, fields });
    });
  }

  async put(tenantId: string, ref: string, fields: UserFields) {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const row = await transaction.user.findFirst({ where: byReference(tenantId, ref) });
      const name = nameForPut('user', ref, row);
      const item = await this.#save(transaction, tenantId, { name, fields });
      await this.#keepAnAdmin(transaction, tenantId);
      return { created: row === null, item };
    });
  }

  async remove(tenantId: string, ref: string): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const row = await transaction.user.findFirst({ where: byReference(tenantId, ref), include: { owns: true } });
      if (row === null) throw notFound('user');
      const [owned] = row.owns;
      if (owned !== undefined)
        throw new Problem('in_use', `${row.name} answers for the subagent ${owned.name}; give it another owner first`);
      await transaction.user.delete({ where: { id: row.id } });
      await this.#keepAnAdmin(transaction, tenantId);
    });
  }

  async #save(
    transaction: Transaction,
    tenantId: string,
    { name, fields }: { readonly name: string; readonly fields: UserFields },
  ): Promise<UserView> {
    const { groups, disabled, ...rest } = fields;
    const data = { role: rest.role, email: rest.email ?? null, ...(disabled === undefined ? {} : { disabled }) };
    const { id } = await transaction.user.upsert({
      where: { tenantId_name: { tenantId, name } },
      create: { id: mintId('usr'), tenantId, name, ...data },
      update: data,
    });
    if (groups !== undefined) await setGroupsOf(transaction, tenantId, { userId: id }, groups);
    if (disabled === true) await this.#logins.endAllOf(tenantId, { userId: id }, 'the user was disabled', transaction);
    return present(await transaction.user.findUniqueOrThrow({ where: { id }, include }));
  }

  /** Changes of a tenant come one after the other (they lock its row), so two admins cannot remove each other. */
  async #keepAnAdmin(transaction: Transaction, tenantId: string): Promise<void> {
    const admins = await transaction.user.count({ where: { tenantId, role: 'admin', disabled: false } });
    if (admins === 0) throw new Problem('conflict', 'this is the last admin; make another one first');
  }
}
