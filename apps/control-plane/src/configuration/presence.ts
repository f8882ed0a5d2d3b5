import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { CatalogReport, Hello } from '@sallyport/contracts';
import { decodeChunk } from '@sallyport/policy';
import { mintId } from '@sallyport/runtime';
import { Database } from '../db/database.js';
import type { NodePeer } from '../grpc/access.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { ConfigurationChanges } from './changes.js';
import type { Compiled } from './compile.js';

interface Arrival {
  readonly peer: NodePeer;
  readonly connectedAt: Date;
}

const largestCatalog = 32 * 1024 * 1024;
/** A session that a proxy opened just now may be in no report yet. */
const grace = 30_000;
const host = /^[A-Za-z0-9.:_-]{1,255}$/;

/** What nodes say of themselves, kept. */
@Injectable()
export class Presence {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;
  readonly #log: Log;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ConfigurationChanges) changes: ConfigurationChanges,
    @Inject(LOG) log: Log,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#log = log;
  }

  async arrived({ peer, connectedAt }: Arrival, hello: Hello): Promise<void> {
    const tunnel = peer.kind === 'proxy' && isAddress(hello.tunnel) ? hello.tunnel : undefined;
    const before = await this.#database.node.findUniqueOrThrow({ where: { id: peer.nodeId } });
    const data = {
      connectedAt,
      lastSeenAt: connectedAt,
      softwareVersion: hello.softwareVersion.slice(0, 100),
      tunnelHost: tunnel?.host ?? null,
      tunnelPort: tunnel?.port ?? null,
      listeners: hello.listeners
        .slice(0, 50)
        .filter(({ address }) => isAddress(address))
        .map(({ protocol, address }) => ({
          protocol: protocol.slice(0, 50),
          host: address?.host ?? '',
          port: address?.port ?? 0,
        })),
    };
    const moved = before.tunnelHost !== data.tunnelHost || before.tunnelPort !== data.tunnelPort;
    await this.#database.$transaction(async (transaction) => {
      // Agents must hear where this proxy is reached.
      if (moved) await this.#changes.changed(peer.tenantId, transaction);
      await transaction.node.update({ where: { id: peer.nodeId }, data });
    });
  }

  /** Only if the node has not come back meanwhile, here or at another replica. */
  async gone({ peer, connectedAt }: Arrival): Promise<void> {
    await this.#database.node.updateMany({ where: { id: peer.nodeId, connectedAt }, data: { connectedAt: null } });
  }

  async seen({ nodeId }: NodePeer): Promise<void> {
    await this.#database.node.updateMany({ where: { id: nodeId }, data: { lastSeenAt: new Date() } });
  }

  async acknowledged({ nodeId }: NodePeer, version: number): Promise<void> {
    if (!Number.isSafeInteger(version) || version < 0) return;
    const data = { manifestVersion: version, refusal: null, lastSeenAt: new Date() };
    await this.#database.node.updateMany({ where: { id: nodeId }, data });
  }

  async refused({ nodeId }: NodePeer, reason: string): Promise<void> {
    const refusal = reason.slice(0, 1_000).replaceAll('\0', '').toWellFormed();
    await this.#database.node.updateMany({ where: { id: nodeId }, data: { refusal } });
  }

  /** Strictly read, only from an agent that serves the connection; the same catalog again changes nothing. */
  async catalog({ tenantId, name }: NodePeer, report: CatalogReport, { connections }: Compiled): Promise<void> {
    const { connection: connectionName, database, content, problem } = report;
    const connection = connections.get(connectionName);
    const databases = connection === undefined ? [] : [connection.database, ...connection.databases];
    if (connection === undefined || !connection.agents.includes(name) || !databases.includes(database))
      return this.#log.warn({ agent: name }, 'a catalog of something that this agent does not serve was dropped');
    const place = { connectionId_database: { connectionId: connection.id, database } };
    const id = mintId('cat');
    const base = { tenantId, connectionId: connection.id, database, readBy: name, readAt: new Date() };
    if (problem !== '') {
      const said = { problem: problem.slice(0, 1_000).replaceAll('\0', '').toWellFormed() };
      const create = { ...base, ...said, id, digest: '', content: new Uint8Array() };
      await this.#database.catalogSnapshot.upsert({ where: place, create, update: said });
      return;
    }
    const bytes = new Uint8Array(content);
    const read = bytes.length > largestCatalog ? undefined : decodeChunk('catalog', bytes);
    if (read?.ok !== true || read.value.database !== database)
      return this.#log.warn({ agent: name, connection: connectionName }, 'a catalog that is not valid was dropped');
    const digest = createHash('sha256').update(bytes).digest('hex');
    await this.#database.$transaction(async (transaction) => {
      const before = await transaction.catalogSnapshot.findUnique({ where: place, select: { digest: true } });
      const data = { ...base, digest, content: bytes, problem: null };
      if (before?.digest === digest) {
        await transaction.catalogSnapshot.update({
          where: place,
          data: { readAt: base.readAt, readBy: name, problem: null },
        });
        return;
      }
      await this.#changes.changed(tenantId, transaction);
      await transaction.catalogSnapshot.upsert({ where: place, create: { ...data, id }, update: data });
    });
  }

  /** What a proxy holds no more is over, though nobody saw it end; evidence that comes later knows better. */
  async sessions({ tenantId, name }: NodePeer, live: readonly string[]): Promise<void> {
    if (live.length > 20_000) return;
    const openedAt = { lt: new Date(Date.now() - grace) };
    await this.#database.session.updateMany({
      where: { tenantId, proxy: name, closedAt: null, openedAt, id: { notIn: [...live] } },
      data: { closedAt: new Date(), closeCause: 'lost' },
    });
  }
}

const isAddress = (address: { readonly host: string; readonly port: number } | undefined): boolean =>
  address !== undefined && host.test(address.host) && address.port >= 1 && address.port <= 65_535;
