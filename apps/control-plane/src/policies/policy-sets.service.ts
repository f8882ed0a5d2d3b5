import { Inject, Injectable } from '@nestjs/common';
import { unapprovable, validatePolicySet } from '@sallyport/policy';
import type { CompiledPolicy } from '@sallyport/policy';
import type { z } from 'zod';
import { mintId } from '@sallyport/runtime';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { PolicySet, PolicyVersion, Prisma } from '../db/generated/client.js';
import { alreadyThere, nameForPut } from '../http/noun.js';
import { decodeCountCursor, nounPage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { Problem, notFound } from '../http/problem.js';
import { byReference } from '../http/text.js';
import { Enforceability } from './enforceability.js';
import { diffLines } from './line-diff.js';
import { present, presentVersion, withLatest } from './policy-set.js';
import type {
  Diff,
  newPolicySet,
  PolicySetRow,
  PolicySetView,
  PolicyVersionView,
  Validation,
  VersionFields,
} from './policy-set.js';

const whoApproves = 'such as: permit (principal in Group::"dba", action == Action::"approve", resource);';

@Injectable()
export class PolicySetsService {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;
  readonly #enforceability: Enforceability;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ConfigurationChanges) changes: ConfigurationChanges,
    @Inject(Enforceability) enforceability: Enforceability,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#enforceability = enforceability;
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<PolicySetView>> {
    const rows = await this.#database.policySet.findMany({ ...nounPage(tenantId, query), include: withLatest });
    return toPage(rows, query.limit, (row) => [row.id], present);
  }

  async get(tenantId: string, ref: string): Promise<PolicySetView> {
    return present(await find(this.#database, tenantId, ref));
  }

  async validate(tenantId: string, ref: string, text: string): Promise<Validation> {
    const validated = validatePolicySet(text);
    if (!validated.ok) return { valid: false, policies: [], problems: validated.problems, warnings: [], gaps: [] };
    const gaps = await this.#enforceability.gaps(this.#database, tenantId, validated.policies);
    const policies = validated.policies.map((policy) => policy.id);
    const others = await this.#inForceBeside(tenantId, ref);
    const warnings = unapprovable([...validated.policies, ...others])
      .filter((id) => policies.includes(id))
      .map((id) => ({
        line: 1,
        column: 1,
        message: `nobody is permitted to approve what ${id} holds`,
        help: whoApproves,
      }));
    return {
      valid: gaps.length === 0,
      policies,
      problems: [],
      warnings: [...validated.warnings, ...warnings],
      gaps,
    };
  }

  /** The policies of every other set that is published. */
  async #inForceBeside(tenantId: string, ref: string): Promise<readonly CompiledPolicy[]> {
    const sets = await this.#database.policySet.findMany({ where: { tenantId, publishedVersion: { not: null } } });
    const others = sets.filter(({ id, name }) => id !== ref && name !== ref);
    const versions = await Promise.all(
      others.map(({ id: policySetId, publishedVersion }) =>
        this.#database.policyVersion.findMany({ where: { tenantId, policySetId, version: publishedVersion ?? -1 } }),
      ),
    );
    return versions.flat().flatMap(({ compiled }) => compiled as unknown as readonly CompiledPolicy[]);
  }

  async create(
    tenantId: string,
    author: string,
    { name, ...fields }: z.infer<typeof newPolicySet>,
  ): Promise<PolicySetView> {
    const compiled = compile(fields.text);
    return this.#database.$transaction(async (transaction) => {
      await lockTenant(transaction, tenantId);
      if ((await transaction.policySet.findFirst({ where: { tenantId, name } })) !== null)
        throw alreadyThere('policy set', name);
      const set = await transaction.policySet.create({
        data: { id: mintId('pol'), tenantId, name },
        include: withLatest,
      });
      await this.#addVersion(transaction, set, { author, fields, compiled });
      return present(await find(transaction, tenantId, set.id));
    });
  }

  /** Idempotent: the same text makes no new version. */
  async put(
    tenantId: string,
    author: string,
    { ref, fields }: { readonly ref: string; readonly fields: VersionFields },
  ) {
    const compiled = compile(fields.text);
    return this.#database.$transaction(async (transaction) => {
      await lockTenant(transaction, tenantId);
      const row = await transaction.policySet.findFirst({ where: byReference(tenantId, ref), include: withLatest });
      const name = nameForPut('policy set', ref, row);
      const set =
        row ??
        (await transaction.policySet.create({ data: { id: mintId('pol'), tenantId, name }, include: withLatest }));
      const [latest] = set.versions;
      if (latest?.text !== fields.text) await this.#addVersion(transaction, set, { author, fields, compiled });
      else if (fields.publish && set.publishedVersion !== latest.version) await this.#publish(transaction, set, latest);
      return { created: row === null, item: present(await find(transaction, tenantId, set.id)) };
    });
  }

  async remove(tenantId: string, ref: string): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const done = await transaction.policySet.deleteMany({ where: byReference(tenantId, ref) });
      if (done.count === 0) throw notFound('policy set');
    });
  }

  async versions(tenantId: string, ref: string, { limit, cursor }: PageQuery): Promise<Page<PolicyVersionView>> {
    const set = await find(this.#database, tenantId, ref);
    const before = cursor === undefined ? undefined : decodeCountCursor(cursor);
    const rows = await this.#database.policyVersion.findMany({
      where: { tenantId, policySetId: set.id, ...(before === undefined ? {} : { version: { lt: before } }) },
      orderBy: { version: 'desc' },
      take: limit + 1,
    });
    return toPage(rows, limit, (row) => [String(row.version)], presentVersion);
  }

  async version(tenantId: string, ref: string, version: number): Promise<PolicyVersionView> {
    const set = await find(this.#database, tenantId, ref);
    return presentVersion(await findVersion(this.#database, set, version));
  }

  async addVersion(
    tenantId: string,
    author: string,
    { ref, fields }: { readonly ref: string; readonly fields: VersionFields },
  ): Promise<PolicyVersionView> {
    const compiled = compile(fields.text);
    return this.#database.$transaction(async (transaction) => {
      await lockTenant(transaction, tenantId);
      const set = await find(transaction, tenantId, ref);
      return presentVersion(await this.#addVersion(transaction, set, { author, fields, compiled }));
    });
  }

  /** Rolling back is publishing an older version. */
  async publish(tenantId: string, ref: string, version: number): Promise<PolicySetView> {
    return this.#database.$transaction(async (transaction) => {
      await lockTenant(transaction, tenantId);
      const set = await find(transaction, tenantId, ref);
      await this.#publish(transaction, set, await findVersion(transaction, set, version));
      return present(await find(transaction, tenantId, set.id));
    });
  }

  async diff(tenantId: string, ref: string, versions: { readonly from: number; readonly to: number }): Promise<Diff> {
    const set = await find(this.#database, tenantId, ref);
    const [from, to] = await Promise.all([
      findVersion(this.#database, set, versions.from),
      findVersion(this.#database, set, versions.to),
    ]);
    return { ...versions, lines: diffLines(from.text, to.text) };
  }

  async #addVersion(
    transaction: Transaction,
    set: PolicySetRow,
    {
      author,
      fields,
      compiled,
    }: { readonly author: string; readonly fields: VersionFields; readonly compiled: readonly CompiledPolicy[] },
  ): Promise<PolicyVersion> {
    const version = await transaction.policyVersion.create({
      data: {
        id: mintId('pov'),
        tenantId: set.tenantId,
        policySetId: set.id,
        version: (set.versions[0]?.version ?? 0) + 1,
        text: fields.text,
        compiled: compiled as unknown as Prisma.InputJsonArray,
        author,
        comment: fields.comment,
      },
    });
    if (fields.publish) await this.#publish(transaction, set, version);
    return version;
  }

  /** The text is validated again: what was valid when it was stored may not be so by the schema of now. */
  async #publish(transaction: Transaction, set: PolicySet, version: PolicyVersion): Promise<void> {
    const compiled = compile(version.text);
    await this.#enforceability.check(transaction, set.tenantId, compiled);
    await this.#changes.changed(set.tenantId, transaction);
    await transaction.policySet.update({ where: { id: set.id }, data: { publishedVersion: version.version } });
  }
}

/** @throws Problem, with the place of everything that is wrong */
function compile(text: string): readonly CompiledPolicy[] {
  const validated = validatePolicySet(text);
  if (validated.ok) return validated.policies;
  const errors = validated.problems.slice(0, 50).map((problem) => ({
    path: `text:${problem.line}:${problem.column}`,
    message: problem.help === undefined ? problem.message : `${problem.message} (${problem.help})`,
  }));
  const [first] = errors;
  throw new Problem('policy_invalid', first === undefined ? 'it is not valid' : `${first.path}: ${first.message}`, {
    errors,
  });
}

/** Versions are numbered one after the other: writers of one tenant take turns. */
async function lockTenant(transaction: Transaction, tenantId: string): Promise<void> {
  await transaction.$queryRaw`select 1 from "Tenant" where "id" = ${tenantId} for update`;
}

async function find(from: Pick<Transaction, 'policySet'>, tenantId: string, ref: string): Promise<PolicySetRow> {
  const row = await from.policySet.findFirst({ where: byReference(tenantId, ref), include: withLatest });
  if (row === null) throw notFound('policy set');
  return row;
}

async function findVersion(
  from: Pick<Transaction, 'policyVersion'>,
  set: PolicySet,
  version: number,
): Promise<PolicyVersion> {
  const row = await from.policyVersion.findUnique({
    where: { policySetId_version: { policySetId: set.id, version }, tenantId: set.tenantId },
  });
  if (row === null) throw notFound('version');
  return row;
}
