import { Inject, Injectable } from '@nestjs/common';
import { audienceProblem, tokenAlgorithms, validateBinding } from '@sallyport/identity';
import { z } from 'zod';
import { mintId } from '@sallyport/runtime';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { Issuer, Prisma } from '../db/generated/client.js';
import { list, moment } from '../http/answers.js';
import { alreadyThere, nameForPut } from '../http/noun.js';
import { nounPage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { Problem, invalidField, notFound } from '../http/problem.js';
import { byReference, line, name, webUrl } from '../http/text.js';
import { IssuerKeys } from './issuer-keys.js';
import { publicJwk } from './jwks.js';
import type { PublicJwk } from './jwks.js';

export const issuerFields = z.strictObject({
  issuer: line(1_000).min(1).describe('Exactly the `iss` of its tokens.'),
  audiences: z
    .array(line(500).min(1))
    .min(1)
    .max(20)
    .optional()
    .describe('A token must be for one of these. By default SALLYPORT_AUDIENCE.'),
  jwksUri: webUrl.nullable().optional().describe('Where it publishes its public keys.'),
  keys: z.array(publicJwk).min(1).max(50).optional().describe('Its public keys, where it publishes none.'),
  algorithms: z
    .array(z.enum(tokenAlgorithms as [string, ...string[]]))
    .min(1)
    .max(11)
    .default(['RS256', 'ES256', 'EdDSA']),
});
export type IssuerFields = z.infer<typeof issuerFields>;
export const newIssuer = z.strictObject({ name, ...issuerFields.shape });

export const issuerView = z
  .object({
    id: z.string(),
    name: z.string(),
    issuer: z.string().describe('The `iss` of its tokens.'),
    audiences: list(z.string()),
    jwksUri: z.string().nullable(),
    keys: list(z.looseObject({ kty: z.string() })).describe('Its public keys as they are in force (JWK).'),
    algorithms: list(z.string()),
    keysReadAt: moment.nullable(),
    keysProblem: z.string().nullable().describe('Why the keys could not be read the last time; those before are kept.'),
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: 'Issuer' });
export type IssuerView = z.input<typeof issuerView>;

const present = (row: Issuer): IssuerView => ({
  id: row.id,
  name: row.name,
  issuer: row.issuer,
  audiences: row.audiences,
  jwksUri: row.jwksUri,
  keys: row.keys as unknown as IssuerView['keys'],
  algorithms: row.algorithms,
  keysReadAt: row.keysReadAt,
  keysProblem: row.keysProblem,
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});

@Injectable()
export class IssuersService {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;
  readonly #keys: IssuerKeys;
  readonly #defaultAudience: string | undefined;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ConfigurationChanges) changes: ConfigurationChanges,
    @Inject(IssuerKeys) keys: IssuerKeys,
    @Inject(CONFIG) config: Config,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#keys = keys;
    this.#defaultAudience = config.audience;
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<IssuerView>> {
    const rows = await this.#database.issuer.findMany(nounPage(tenantId, query));
    return toPage(rows, query.limit, (row) => [row.id], present);
  }

  async get(tenantId: string, ref: string): Promise<IssuerView> {
    return present(await this.#find(tenantId, ref));
  }

  async create(tenantId: string, { name, ...fields }: z.infer<typeof newIssuer>): Promise<IssuerView> {
    return this.#save(tenantId, name, { fields, present: 'must not be' });
  }

  async put(tenantId: string, ref: string, fields: IssuerFields) {
    const row = await this.#database.issuer.findFirst({ where: byReference(tenantId, ref) });
    const name = nameForPut('issuer', ref, row);
    return { created: row === null, item: await this.#save(tenantId, name, { fields, present: row }) };
  }

  async remove(tenantId: string, ref: string): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const row = await transaction.issuer.findFirst({
        where: byReference(tenantId, ref),
        include: { subagents: { take: 1 } },
      });
      if (row === null) throw notFound('issuer');
      const [bound] = row.subagents;
      if (bound !== undefined)
        throw new Problem('in_use', `the subagent ${bound.name} is bound to it; remove that first`);
      await transaction.issuer.delete({ where: { id: row.id } });
    });
  }

  /** Reads the keys again, now. The old ones stay in force when that fails. */
  async refresh(tenantId: string, ref: string): Promise<IssuerView> {
    const row = await this.#find(tenantId, ref);
    if (row.jwksUri === null)
      throw new Problem('conflict', 'its keys were given by hand; there is nowhere to read them');
    return present(await this.refreshKeys(row));
  }

  async refreshKeys(row: Issuer): Promise<Issuer> {
    const reading = await this.#keys.read(row.jwksUri ?? '');
    const where = { id: row.id, jwksUri: row.jwksUri };
    if (reading.kind === 'failed') {
      await this.#database.issuer.updateMany({ where, data: { keysProblem: reading.problem } });
    } else if (JSON.stringify(reading.keys) === JSON.stringify(row.keys)) {
      await this.#database.issuer.updateMany({ where, data: { keysReadAt: new Date(), keysProblem: null } });
    } else {
      await this.#database.$transaction(async (transaction) => {
        await this.#changes.changed(row.tenantId, transaction);
        await transaction.issuer.updateMany({
          where,
          data: { keys: json(reading.keys), keysReadAt: new Date(), keysProblem: null },
        });
      });
    }
    return this.#find(row.tenantId, row.id);
  }

  async #save(
    tenantId: string,
    name: string,
    { fields, present: row }: { readonly fields: IssuerFields; readonly present: Issuer | null | 'must not be' },
  ): Promise<IssuerView> {
    const audiences = fields.audiences ?? (this.#defaultAudience === undefined ? undefined : [this.#defaultAudience]);
    if (audiences === undefined) throw invalidField('audiences', 'name at least one (or set SALLYPORT_AUDIENCE)');
    for (const audience of audiences) {
      const problem = audienceProblem(fields.issuer, audience);
      if (problem !== undefined) throw invalidField('audiences', `${audience}: ${problem}`);
    }
    const keys = await this.#keysFor(fields, row === 'must not be' ? null : row);
    const data = {
      issuer: fields.issuer,
      audiences,
      jwksUri: fields.jwksUri ?? null,
      algorithms: fields.algorithms,
      ...(keys === undefined ? {} : { keys: json(keys), keysReadAt: new Date(), keysProblem: null }),
    };
    const saved = await this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const other = await transaction.issuer.findFirst({
        where: { tenantId, issuer: fields.issuer, name: { not: name } },
      });
      if (other !== null) throw new Problem('conflict', `the issuer ${other.name} has this iss already`);
      if (row === 'must not be' && (await transaction.issuer.count({ where: { tenantId, name } })) > 0)
        throw alreadyThere('issuer', name);
      // Its keys were to stay, and it is gone.
      if (keys === undefined && (await transaction.issuer.count({ where: { tenantId, name } })) === 0)
        throw notFound('issuer');
      await refuseLooseBindings(transaction, tenantId, { name, issuer: fields.issuer });
      return transaction.issuer.upsert({
        where: { tenantId_name: { tenantId, name } },
        create: { id: mintId('iss'), tenantId, name, ...data },
        update: data,
      });
    });
    return present(saved);
  }

  /** `undefined`: those that are there stay. An issuer is never saved without keys: its tokens could not be verified. */
  async #keysFor(fields: IssuerFields, row: Issuer | null): Promise<readonly PublicJwk[] | undefined> {
    if ((fields.jwksUri ?? undefined) !== undefined && fields.keys !== undefined)
      throw invalidField('keys', 'give either jwksUri or keys');
    if (fields.keys !== undefined) return fields.keys;
    const uri = fields.jwksUri ?? null;
    if (uri === null) throw invalidField('jwksUri', 'say where its public keys are, or give them as keys');
    if (row !== null && row.jwksUri === uri && row.issuer === fields.issuer) return undefined;
    const reading = await this.#keys.read(uri);
    if (reading.kind === 'failed')
      throw new Problem('issuer_unreachable', `the keys at jwksUri could not be read: ${reading.problem}`, {
        errors: [{ path: 'jwksUri', message: reading.problem }],
      });
    return reading.keys;
  }

  async #find(tenantId: string, ref: string): Promise<Issuer> {
    const row = await this.#database.issuer.findFirst({ where: byReference(tenantId, ref) });
    if (row === null) throw notFound('issuer');
    return row;
  }
}

/** What is exact enough for one issuer may be loose for another, whose names change hands. */
async function refuseLooseBindings(
  transaction: Transaction,
  tenantId: string,
  { name, issuer }: { readonly name: string; readonly issuer: string },
): Promise<void> {
  const bound = await transaction.subagent.findMany({ where: { tenantId, issuer: { name } } });
  for (const subagent of bound) {
    const [problem] = validateBinding({ issuer, claims: subagent.claims as Readonly<Record<string, string>> });
    if (problem !== undefined)
      throw new Problem('conflict', `the subagent ${subagent.name} could not be bound to it: ${problem.message}`);
  }
}

const json = (keys: readonly PublicJwk[]): Prisma.InputJsonArray => keys as unknown as Prisma.InputJsonArray;
