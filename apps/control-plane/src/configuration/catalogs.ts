import { Inject, Injectable } from '@nestjs/common';
import type { CatalogReport, ReadCatalog } from '@sallyport/contracts';
import { decodeChunk, largestCatalog } from '@sallyport/policy';
import type { CatalogHead, ConnectionChunk } from '@sallyport/policy';
import { mintId } from '@sallyport/runtime';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { NodePeer } from '../grpc/access.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { CatalogContents, digestOf } from './catalog-contents.js';
import { ConfigurationChanges } from './changes.js';
import type { Compiled } from './compile.js';

/** What became of a report. `wanted`: it names content that is not here; the agent must send it. */
export type Reported = { readonly kind: 'heard' } | { readonly kind: 'wanted'; readonly order: ReadCatalog };

interface Place {
  readonly connectionId: string;
  readonly database: string;
}

/**
 * How long a definition that passed a gateway may wait for a look that began after it. Proxies themselves doubt what moved for
 * twice as long: by then the catalog knows it, or is in force no more.
 */
const longestMove = 60_000;

/** What agents read at targets, kept while it is known to be true. */
@Injectable()
export class Catalogs {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;
  readonly #contents: CatalogContents;
  readonly #staleness: number;
  readonly #log: Log;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ConfigurationChanges) changes: ConfigurationChanges,
    @Inject(CatalogContents) contents: CatalogContents,
    @Inject(CONFIG) config: Config,
    @Inject(LOG) log: Log,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#contents = contents;
    this.#staleness = config.catalogStaleness;
    this.#log = log;
  }

  /** Strictly read, only from an agent that serves the connection; the same catalog again changes nothing for nodes. */
  async report({ tenantId, name }: NodePeer, report: CatalogReport, { connections }: Compiled): Promise<Reported> {
    const { connection: connectionName, database, problem, refused } = report;
    const connection = connections.get(connectionName);
    if (connection === undefined || !connection.agents.includes(name) || !databasesOf(connection).includes(database)) {
      this.#log.warn({ agent: name }, 'a catalog of something that this agent does not serve was dropped');
      return heard;
    }
    const place = { connectionId: connection.id, database };
    const by = { tenantId, ...place, readBy: name };
    if (problem !== '') await (refused ? this.#refuse(by, problem) : this.#note(by, problem));
    else if (report.unchanged !== '') return this.#confirm(by, report, connectionName);
    else return this.#read(by, report, connectionName);
    return heard;
  }

  /** A definition passed a gateway. Answers what to order of the agents. */
  async moved(tenantId: string, connection: string, database: string): Promise<number> {
    const where = { tenantId, database, connection: { name: connection } };
    return this.#database.$transaction(async (transaction) => {
      const data = { moves: { increment: 1 } };
      const [row] = await transaction.catalogSnapshot.updateManyAndReturn({ where, data, select: { moves: true } });
      await transaction.catalogSnapshot.updateMany({
        where: { ...where, movedAt: null },
        data: { movedAt: new Date() },
      });
      return Number(row?.moves ?? 0);
    });
  }

  /** What an agent that has just arrived may not have heard. */
  async pending({ tenantId, name }: NodePeer, { connections }: Compiled): Promise<readonly ReadCatalog[]> {
    const served = [...connections.values()].filter(({ agents }) => agents.includes(name)).map(({ id }) => id);
    const rows = await this.#database.catalogSnapshot.findMany({
      where: { tenantId, connectionId: { in: served }, movedAt: { not: null } },
      select: { database: true, moves: true, connection: { select: { name: true } } },
    });
    return rows.map(({ database, moves, connection }) => ({
      ...{ connection: connection.name, database, move: Number(moves), whole: false },
    }));
  }

  /** What nobody has confirmed for too long is in force no more. */
  async withdrawStale(now: Date): Promise<void> {
    const before = (age: number): { readonly lt: Date } => ({ lt: new Date(now.getTime() - age) });
    const where = {
      stale: false,
      digest: { not: '' },
      OR: [{ readAt: before(this.#staleness) }, { movedAt: before(longestMove) }],
    };
    const found = await this.#database.catalogSnapshot.findMany({
      where,
      distinct: ['tenantId'],
      select: { tenantId: true },
    });
    for (const { tenantId } of found)
      await this.#database.$transaction(async (transaction) => {
        await this.#changes.changed(tenantId, transaction);
        const { count } = await transaction.catalogSnapshot.updateMany({
          where: { ...where, tenantId },
          data: { stale: true },
        });
        this.#log.warn({ count }, 'catalogs that no agent confirms are withdrawn');
      });
  }

  /** Only what is not here yet was sent, or should have been. */
  async #read(by: By, { content, parts, move }: CatalogReport, connection: string): Promise<Reported> {
    const bytes = new Uint8Array(content);
    const head = decodeChunk('catalog', bytes);
    const refuse = async (problem: string): Promise<Reported> => {
      this.#log.warn({ agent: by.readBy, connection }, 'a catalog that is not valid was refused');
      await this.#refuse(by, `what its agent sends is no catalog: ${problem}`);
      return heard;
    };
    if (!head.ok) return refuse(head.problem);
    if (head.value.database !== by.database) return refuse('it is of another database');
    const digest = digestOf(bytes);
    const snapshot = await this.#database.catalogSnapshot.findUnique({
      where: { connectionId_database: placeOf(by), tenantId: by.tenantId },
      select: { id: true, digest: true, moves: true },
    });
    const order = { connection, database: by.database, move: Number(snapshot?.moves ?? 0), whole: true };
    const came = new Map(parts.map((part) => [digestOf(part), new Uint8Array(part)]));
    if (snapshot?.digest !== digest) {
      const place = { tenantId: by.tenantId, snapshotId: snapshot?.id };
      const joining = await this.#contents.join(place, head.value, came);
      if (joining.kind === 'lacking') return { kind: 'wanted', order };
      if (joining.kind === 'problem') return refuse(joining.problem);
      const taken = await this.#take(by, { head: head.value, digest, content: bytes, came, move });
      if (taken.kind === 'too_large') return refuse('too large');
      if (taken.kind !== 'taken') return { kind: 'wanted', order };
      this.#contents.keep(taken.snapshotId, digest, joining.joined);
      return heard;
    }
    await this.#database.$transaction(async (transaction) => {
      const before = await lock(transaction, by);
      if (before?.digest === digest) await this.#still(transaction, by, before, move);
    });
    return heard;
  }

  /** All of it, or nothing. */
  async #take(by: By, { head, digest, content, came, move }: Read): Promise<Took> {
    try {
      return await this.#database.$transaction(async (transaction) => {
        const before = await lock(transaction, by);
        await this.#changes.changed(by.tenantId, transaction);
        const where = { connectionId_database: placeOf(by) };
        const data = { ...by, ...after(before, move), digest, content, problem: null, readAt: new Date() };
        const create = { ...data, id: mintId('cat'), version: 1 };
        const update = { ...data, version: before?.digest === digest ? before.version : { increment: 1 } };
        const { id: snapshotId } = await transaction.catalogSnapshot.upsert({
          where,
          create,
          update,
          select: { id: true },
        });
        const { tenantId } = by;
        const rows = head.parts.flatMap((each) => {
          const part = came.get(each);
          return part === undefined ? [] : [{ tenantId, snapshotId, digest: each, content: part }];
        });
        for (let at = 0; at < rows.length; at += mostRows)
          await transaction.catalogPart.createMany({ data: rows.slice(at, at + mostRows), skipDuplicates: true });
        await transaction.catalogPart.deleteMany({
          where: { tenantId, snapshotId, digest: { notIn: [...head.parts] } },
        });
        const [kept] = await transaction.$queryRaw<{ readonly count: bigint; readonly size: bigint | null }[]>`
          select count(*) as count, sum(length("content")) as size from "CatalogPart"
          where "snapshotId" = ${snapshotId} and "tenantId" = ${tenantId}`;
        // Another report may have taken away what this one rests on.
        if (Number(kept?.count ?? 0) !== head.parts.length) throw new NotTaken('lacking');
        if (Number(kept?.size ?? 0) > largestCatalog) throw new NotTaken('too_large');
        return { kind: 'taken', snapshotId };
      });
    } catch (error) {
      if (error instanceof NotTaken) return { kind: error.reason };
      throw error;
    }
  }

  async #confirm(by: By, { unchanged, move }: CatalogReport, connection: string): Promise<Reported> {
    return this.#database.$transaction(async (transaction) => {
      const before = await lock(transaction, by);
      if (before === undefined || before.digest !== unchanged) {
        // Two agents may see two things; while one of them confirms what is kept, that stands.
        const age = Date.now() - (before?.readAt.getTime() ?? 0);
        const good = before !== undefined && before.digest !== '' && !before.stale && before.problem === null;
        if (good && age < this.#staleness / 2) return heard;
        const order = { connection, database: by.database, move: Number(before?.moves ?? 0), whole: true };
        return { kind: 'wanted', order };
      }
      await this.#still(transaction, by, before, move);
      return heard;
    });
  }

  /** It is as it was: nodes need not hear of it, unless they were told to do without. */
  async #still(transaction: Transaction, by: By, before: Before, move: number): Promise<void> {
    const data = { ...after(before, move), readBy: by.readBy, readAt: new Date(), problem: null };
    if (data.stale !== before.stale) await this.#changes.changed(by.tenantId, transaction);
    await transaction.catalogSnapshot.update({ where: { connectionId_database: placeOf(by) }, data });
  }

  /** What was good stands until it is stale. */
  async #note(by: By, said: string): Promise<void> {
    const problem = safe(said);
    const create = { ...by, problem, id: mintId('cat'), digest: '', content: new Uint8Array() };
    const where = { connectionId_database: placeOf(by) };
    await this.#database.catalogSnapshot.upsert({ where, create, update: { problem, readBy: by.readBy } });
  }

  /** Who lies now may have lied before: nothing of it is in force. */
  async #refuse(by: By, said: string): Promise<void> {
    const data = { problem: safe(said), readBy: by.readBy, digest: '', content: new Uint8Array(), stale: false };
    const where = { connectionId_database: placeOf(by) };
    await this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(by.tenantId, transaction);
      await transaction.catalogSnapshot.upsert({ where, create: { ...by, ...data, id: mintId('cat') }, update: data });
      await transaction.catalogPart.deleteMany({ where: { tenantId: by.tenantId, snapshot: placeOf(by) } });
    });
  }
}

const heard: Reported = { kind: 'heard' };

/** In one statement, of which parameters are counted. */
const mostRows = 2_000;

interface Read {
  readonly head: CatalogHead;
  readonly digest: string;
  readonly content: Uint8Array<ArrayBuffer>;
  /** Parts that came, by digest. */
  readonly came: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  readonly move: number;
}

type Took = { readonly kind: 'taken'; readonly snapshotId: string } | { readonly kind: 'lacking' | 'too_large' };

/** Undoes the transaction. */
class NotTaken extends Error {
  readonly reason: 'lacking' | 'too_large';

  constructor(reason: 'lacking' | 'too_large') {
    super(reason);
    this.reason = reason;
  }
}

interface By extends Place {
  readonly tenantId: string;
  /** Name of the agent. */
  readonly readBy: string;
}

interface Before {
  readonly digest: string;
  readonly version: number;
  readonly stale: boolean;
  readonly problem: string | null;
  readonly readAt: Date;
  readonly moves: bigint;
  readonly answered: bigint;
  readonly movedAt: Date | null;
}

const placeOf = ({ connectionId, database }: By): Place => ({ connectionId, database });

const databasesOf = ({ database, databases }: ConnectionChunk): readonly string[] => [database, ...databases];

/** As it is, and nobody else changes it until this transaction ends. */
async function lock(transaction: Transaction, by: By): Promise<Before | undefined> {
  const [row] = await transaction.catalogSnapshot.updateManyAndReturn({
    where: placeOf(by),
    data: { tenantId: by.tenantId },
    select: {
      digest: true,
      version: true,
      stale: true,
      problem: true,
      readAt: true,
      moves: true,
      answered: true,
      movedAt: true,
    },
  });
  return row;
}

/** A look that began after a definition has seen it. While one waits, what was withdrawn stays so. */
function after(before: Before | undefined, move: number) {
  if (before === undefined) return { stale: false };
  const { moves, answered, movedAt, stale } = before;
  if (move <= answered) return { stale: stale && movedAt !== null };
  if (move >= moves) return { answered: moves, movedAt: null, stale: false };
  return { answered: BigInt(move), movedAt: new Date(), stale };
}

const safe = (said: string): string => said.slice(0, 1_000).replaceAll('\0', '').toWellFormed();
