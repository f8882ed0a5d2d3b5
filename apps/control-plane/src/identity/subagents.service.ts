import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { validateBinding } from '@sallyport/identity';
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
import { Problem, invalidField, notFound } from '../http/problem.js';
import { Logins } from '../logins/logins.service.js';
import { byReference, name, text } from '../http/text.js';
import { setGroupsOf } from './memberships.js';

export const subagentFields = z.strictObject({
  issuer: name.describe('Name of the issuer whose tokens it carries.'),
  claims: z
    .record(text(256), text(1_024))
    .describe('Every claim must equal its value exactly; `sub` must be among them.'),
  groups: z.array(name).max(200).optional().describe('Kept as they are when not given.'),
  owner: name.nullable().optional().describe('Name of the user who answers for it. They never approve its commands.'),
  disabled: z.boolean().optional().describe('Kept as it is when not given.'),
  holdSeconds: z
    .number()
    .int()
    .min(0)
    .max(600)
    .nullable()
    .optional()
    .describe('How long its commands are held on the wire. By default as the connection says.'),
});
export type SubagentFields = z.infer<typeof subagentFields>;
export const newSubagent = z.strictObject({ name, ...subagentFields.shape });

const include = { issuer: true, owner: true, groups: { include: { group: true } } } as const;
type Row = Prisma.SubagentGetPayload<{ include: typeof include }>;
type Claims = Readonly<Record<string, string>>;

export const subagentView = z
  .object({
    id: z.string(),
    name: z.string(),
    issuer: z.string().describe('Name of the issuer whose tokens it carries.'),
    claims: z.record(z.string(), z.string()),
    groups: list(z.string()).describe('Names.'),
    owner: z.string().nullable().describe('Name of the user who answers for it.'),
    disabled: z.boolean(),
    holdSeconds: z.int().nullable().describe('How long its commands are held; null: as the connection says.'),
    notBefore: moment.describe('Tokens issued before this are refused.'),
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: 'Subagent' });
export type SubagentView = z.input<typeof subagentView>;

const present = (row: Row): SubagentView => ({
  id: row.id,
  name: row.name,
  issuer: row.issuer.name,
  claims: row.claims as Claims,
  groups: row.groups.map((member) => member.group.name).sort(),
  owner: row.owner?.name ?? null,
  disabled: row.disabled,
  holdSeconds: row.holdSeconds,
  notBefore: row.notBefore,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

@Injectable()
export class SubagentsService {
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

  async list(tenantId: string, query: PageQuery): Promise<Page<SubagentView>> {
    const rows = await this.#database.subagent.findMany({ ...nounPage(tenantId, query), include });
    return toPage(rows, query.limit, (row) => [row.id], present);
  }

  async get(tenantId: string, ref: string): Promise<SubagentView> {
    const row = await this.#database.subagent.findFirst({ where: byReference(tenantId, ref), include });
    if (row === null) throw notFound('subagent');
    return present(row);
  }

  async create(tenantId: string, { name, ...fields }: z.infer<typeof newSubagent>): Promise<SubagentView> {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      if ((await transaction.subagent.findFirst({ where: { tenantId, name } })) !== null)
        throw alreadyThere('subagent', name);
      return this.#save(transaction, tenantId, { name, fields });
    });
  }

  async put(tenantId: string, ref: string, fields: SubagentFields) {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const row = await transaction.subagent.findFirst({ where: byReference(tenantId, ref) });
      const name = nameForPut('subagent', ref, row);
      return { created: row === null, item: await this.#save(transaction, tenantId, { name, fields }) };
    });
  }

  async remove(tenantId: string, ref: string): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const done = await transaction.subagent.deleteMany({ where: byReference(tenantId, ref) });
      if (done.count === 0) throw notFound('subagent');
    });
  }

  disable(tenantId: string, ref: string): Promise<SubagentView> {
    return this.#change(tenantId, ref, { disabled: true }, 'the subagent was disabled');
  }

  enable(tenantId: string, ref: string): Promise<SubagentView> {
    return this.#change(tenantId, ref, { disabled: false });
  }

  /** Tokens count whole seconds: the next one is the first that no token from before can carry. */
  revokeTokens(tenantId: string, ref: string): Promise<SubagentView> {
    const notBefore = new Date((Math.floor(Date.now() / 1000) + 1) * 1000);
    return this.#change(tenantId, ref, { notBefore }, 'the tokens of the subagent were revoked');
  }

  /** `ends`: why all its logins end with this. */
  async #change(
    tenantId: string,
    ref: string,
    data: Prisma.SubagentUpdateManyMutationInput,
    ends?: string,
  ): Promise<SubagentView> {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const row = await transaction.subagent.findFirst({ where: byReference(tenantId, ref) });
      if (row === null) throw notFound('subagent');
      const { id } = row;
      const changed = await transaction.subagent.update({ where: { id }, data, include });
      if (ends !== undefined) await this.#logins.endAllOf(tenantId, { subagentId: id }, ends, transaction);
      return present(changed);
    });
  }

  async #save(
    transaction: Transaction,
    tenantId: string,
    { name, fields }: { readonly name: string; readonly fields: SubagentFields },
  ): Promise<SubagentView> {
    const issuer = await transaction.issuer.findFirst({ where: { tenantId, name: fields.issuer } });
    if (issuer === null) throw invalidField('issuer', `there is no issuer ${fields.issuer}`);
    const problems = validateBinding({ issuer: issuer.issuer, claims: fields.claims });
    if (problems.length > 0)
      throw new Problem('invalid_request', `claims: ${problems[0]?.message ?? ''}`, {
        errors: problems.map(({ claim, message }) => ({ path: claim === '' ? 'claims' : `claims.${claim}`, message })),
      });
    await refuseOverlap(transaction, { tenantId, issuerId: issuer.id, name, claims: fields.claims });
    const owner = await findOwner(transaction, tenantId, fields.owner);
    const { groups, disabled } = fields;
    const data = {
      issuerId: issuer.id,
      claims: fields.claims,
      ownerId: owner,
      holdSeconds: fields.holdSeconds ?? null,
      ...(disabled === undefined ? {} : { disabled }),
    };
    const before = await transaction.subagent.findFirst({ where: { tenantId, name } });
    const { id } = await transaction.subagent.upsert({
      where: { tenantId_name: { tenantId, name } },
      create: { id: mintId('sub'), tenantId, name, ...data },
      update: data,
    });
    if (groups !== undefined) await setGroupsOf(transaction, tenantId, { subagentId: id }, groups);
    const ends =
      disabled === true
        ? 'the subagent was disabled'
        : before !== null && !isBoundAlike(before, data)
          ? 'the subagent was bound to another identity'
          : undefined;
    if (ends !== undefined) await this.#logins.endAllOf(tenantId, { subagentId: id }, ends, transaction);
    return present(await transaction.subagent.findUniqueOrThrow({ where: { id }, include }));
  }
}

type Binding = { readonly issuerId: string; readonly claims: unknown };

const isBoundAlike = (one: Binding, other: Binding): boolean =>
  one.issuerId === other.issuerId && isDeepStrictEqual(one.claims, other.claims);

async function findOwner(
  transaction: Transaction,
  tenantId: string,
  owner: string | null | undefined,
): Promise<string | null> {
  if (owner === undefined || owner === null) return null;
  const user = await transaction.user.findFirst({ where: { tenantId, name: owner } });
  if (user === null) throw invalidField('owner', `there is no user ${owner}`);
  return user.id;
}

/** One token must never be two subagents: both would be refused at login. So the second one is refused here. */
async function refuseOverlap(
  transaction: Transaction,
  wanted: { readonly tenantId: string; readonly issuerId: string; readonly name: string; readonly claims: Claims },
): Promise<void> {
  const { tenantId, issuerId, name, claims } = wanted;
  const others = await transaction.subagent.findMany({
    where: { tenantId, issuerId, name: { not: name }, claims: { path: ['sub'], equals: claims['sub'] ?? '' } },
    select: { name: true, claims: true },
  });
  const other = others.find((row) => mayBothMatch(row.claims as Claims, claims));
  if (other !== undefined)
    throw new Problem(
      'conflict',
      `one token could be both this and the subagent ${other.name}; bind a claim that tells them apart`,
    );
}

const mayBothMatch = (one: Claims, two: Claims): boolean =>
  Object.entries(one).every(([claim, value]) => !Object.hasOwn(two, claim) || two[claim] === value);
