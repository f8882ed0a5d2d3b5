import { Inject, Injectable } from '@nestjs/common';
import type { Hello } from '@sallyport/contracts';
import { Database } from '../db/database.js';
import type { NodePeer } from '../grpc/access.js';
import { ConfigurationChanges } from './changes.js';

interface Arrival {
  readonly peer: NodePeer;
  readonly connectedAt: Date;
}

/** A session that a proxy opened just now may be in no report yet. */
const grace = 30_000;
const host = /^[A-Za-z0-9.:_-]{1,255}$/;

/** What nodes say of themselves, kept. */
@Injectable()
export class Presence {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;

  constructor(@Inject(Database) database: Database, @Inject(ConfigurationChanges) changes: ConfigurationChanges) {
    this.#database = database;
    this.#changes = changes;
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
