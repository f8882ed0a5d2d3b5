import { status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Inject, Injectable } from '@nestjs/common';
import { canonicalJson } from '@sallyport/audit';
import type { AppendRequest, AppendResponse, AuditRecord, RefusedRecord } from '@sallyport/contracts';
import { mintId } from '@sallyport/runtime';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import { Refusal } from '../grpc/access.js';
import type { NodePeer } from '../grpc/access.js';
import { refusalOf } from '../grpc/peers.js';
import { observe } from '../identity/observed-identities.js';
import type { Observation } from '../identity/observed-identities.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { isOfData } from './is-of-data.js';
import { readRow } from './rows.js';
import type { Row } from './rows.js';

const mostRecords = 10_000;

/** Evidence from proxies: kept once, acknowledged when it is committed, in the order in which it came. */
@Injectable()
export class EvidenceService {
  readonly #database: Database;
  readonly #log: Log;

  constructor(@Inject(Database) database: Database, @Inject(LOG) log: Log) {
    this.#database = database;
    this.#log = log;
  }

  /** One batch after the other: a slow database holds the stream back, not memory. */
  serve(peer: NodePeer, call: ServerDuplexStream<AppendRequest, AppendResponse>): void {
    let before: Promise<void> = Promise.resolve();
    let broken = false;
    call.on('data', ({ batch, records }: AppendRequest) => {
      call.pause();
      before = before.then(async () => {
        if (broken) return;
        try {
          const refused = await this.append(peer, records);
          call.write({ batch, refused: [...refused] });
        } catch (cause) {
          broken = true;
          const report = (message: string): void => this.#log.error({ cause: message }, 'evidence was not kept');
          call.emit('error', refusalOf(cause, report));
          return;
        }
        call.resume();
      });
    });
    call.on('end', () => void before.then(() => broken || call.end()));
  }

  async appendDurable(peer: NodePeer, records: readonly AuditRecord[]): Promise<void> {
    const [first] = await this.append(peer, records);
    if (first !== undefined) throw new Refusal(status.INVALID_ARGUMENT, `record refused: ${first.reason}`);
  }

  /** Answers when all that can be kept is committed; tells what never can be. */
  async append(peer: NodePeer, records: readonly AuditRecord[]): Promise<readonly RefusedRecord[]> {
    if (records.length > mostRecords) throw new Refusal(status.INVALID_ARGUMENT, `at most ${mostRecords} records`);
    const refused: RefusedRecord[] = [];
    const rows: Row[] = [];
    for (const record of records) {
      const read = readRow(record, peer.name);
      if (read.kind === 'row') rows.push(read.row);
      else refused.push({ id: read.id, reason: read.reason });
    }
    refused.push(...(await this.#keep(peer, rows)));
    if (refused.length > 0) await this.#alarm(peer, refused);
    return refused;
  }

  /** A row that the database will not have is found by halving, so that it stops no other. */
  async #keep(peer: NodePeer, rows: readonly Row[]): Promise<readonly RefusedRecord[]> {
    if (rows.length === 0) return [];
    try {
      return await this.#database.$transaction((transaction) => insert(transaction, peer.tenantId, rows), {
        maxWait: 15_000,
      });
    } catch (cause) {
      if (!isOfData(cause)) throw cause;
      const [only] = rows;
      if (rows.length === 1 && only !== undefined) return [{ id: only.id, reason: 'the database cannot keep it' }];
      const middle = Math.ceil(rows.length / 2);
      return [...(await this.#keep(peer, rows.slice(0, middle))), ...(await this.#keep(peer, rows.slice(middle)))];
    }
  }

  async #alarm({ tenantId, name }: NodePeer, refused: readonly RefusedRecord[]): Promise<void> {
    this.#log.error({ proxy: name, count: refused.length, reason: refused[0]?.reason }, 'evidence was refused');
    await this.#database.adminAction.create({
      data: {
        id: mintId('act'),
        tenantId,
        userName: `proxy ${name}`,
        action: 'evidence.refused',
        noun: 'audit',
        outcome: 'alarm',
        detail: { count: refused.length, first: refused.slice(0, 10).map(({ id, reason }) => ({ id, reason })) },
      },
    });
  }
}

async function insert(transaction: Transaction, tenantId: string, rows: readonly Row[]): Promise<RefusedRecord[]> {
  const json = JSON.stringify(rows);
  const added = await transaction.$queryRaw<{ readonly id: string }[]>`
    insert into "AuditRecord" ("id", "tenantId", "sessionId", "sequence", "type", "at", "callerName", "connectionName",
      "verdict", "commandId", "tables", "content", "receivedAt")
    select r."id", ${tenantId}, r."sessionId", r."sequence", r."type", r."at" at time zone 'UTC', r."callerName",
      r."connectionName", r."verdict", r."commandId", array(select jsonb_array_elements_text(r."tables")), r."content",
      now() at time zone 'UTC'
    from jsonb_to_recordset(${json}::jsonb) as r("id" text, "sessionId" text, "sequence" int, "type" text,
      "at" timestamptz, "callerName" text, "connectionName" text, "verdict" text, "commandId" text, "tables" jsonb,
      "content" jsonb)
    on conflict do nothing
    returning "id"`;
  const fresh = new Set(added.map(({ id }) => id));
  const seen = new Set<string>();
  const news = rows.filter(({ id }) => fresh.has(id) && !seen.has(id) && seen.add(id).size > 0);
  await keepSessions(transaction, tenantId, news);
  await observe(transaction, tenantId, news.flatMap(observationsOf));
  const known = rows.filter((row) => !news.includes(row));
  return known.length === 0 ? [] : conflicts(transaction, tenantId, known);
}

const observationsOf = ({ content }: Row): readonly Observation[] =>
  content.type === 'login.refused' && content.proved !== undefined
    ? [{ ...content.proved, connection: content.connection.slice(0, 200) }]
    : [];

/** The same id with other content is no repetition: somebody changed what happened. */
async function conflicts(transaction: Transaction, tenantId: string, rows: readonly Row[]): Promise<RefusedRecord[]> {
  const stored = await transaction.auditRecord.findMany({
    where: { tenantId, id: { in: rows.map(({ id }) => id) } },
    select: { id: true, content: true },
  });
  const contents = new Map(stored.map(({ id, content }) => [id, canonicalJson(content)]));
  return rows
    .filter(({ id, content }) => contents.get(id) !== canonicalJson(content))
    .map(({ id }) => ({ id, reason: 'this id was kept before with other content' }));
}

async function keepSessions(transaction: Transaction, tenantId: string, rows: readonly Row[]): Promise<void> {
  const opened = rows.flatMap(({ content }) => (content.type === 'session.opened' ? [content] : []));
  if (opened.length > 0)
    await transaction.session.createMany({
      data: opened.map((event) => ({
        id: event.session,
        tenantId,
        proxy: event.proxy,
        agent: event.agent,
        connectionName: event.connection.slice(0, 200),
        database: event.database,
        callerKind: event.caller.kind,
        callerId: event.caller.id,
        callerName: event.caller.name.slice(0, 200),
        clientAddress: event.clientAddress,
        application: event.application,
        openedAt: new Date(event.at),
      })),
      skipDuplicates: true,
    });
  const counts = new Map<string, { statements: number; refusals: number }>();
  for (const { sessionId, type } of rows) {
    if (type !== 'statement.intent' && type !== 'statement.refused') continue;
    const count = counts.get(sessionId) ?? { statements: 0, refusals: 0 };
    count.statements += 1;
    if (type === 'statement.refused') count.refusals += 1;
    counts.set(sessionId, count);
  }
  // In one order everywhere, so that two proxies' batches never wait for each other in a circle.
  for (const [id, { statements, refusals }] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    await transaction.session.updateMany({
      where: { id, tenantId },
      data: { statements: { increment: statements }, refusals: { increment: refusals } },
    });
  for (const { content } of rows)
    if (content.type === 'session.closed')
      await transaction.session.updateMany({
        // A proxy closes sessions of its own.
        where: { id: content.session, tenantId, proxy: content.proxy },
        data: { closedAt: new Date(content.at), closeCause: content.cause },
      });
  await countAnew(transaction, tenantId, rows);
}

/**
 * An intent of the durable grade may come before the record that its session was opened, and is counted nowhere then: who
 * opens and who closes counts what is there.
 */
async function countAnew(transaction: Transaction, tenantId: string, rows: readonly Row[]): Promise<void> {
  const ids = rows.flatMap(({ type, sessionId }) =>
    type === 'session.opened' || type === 'session.closed' ? [sessionId] : [],
  );
  if (ids.length === 0) return;
  await transaction.$executeRaw`
    update "Session" s set "statements" = c."statements", "refusals" = c."refusals"
    from (
      select "sessionId", count(*)::int as "statements",
        (count(*) filter (where "type" = 'statement.refused'))::int as "refusals"
      from "AuditRecord" where "sessionId" = any(${ids}) and "type" in ('statement.intent', 'statement.refused')
      group by "sessionId"
    ) c
    where s."id" = c."sessionId" and s."tenantId" = ${tenantId}`;
}
