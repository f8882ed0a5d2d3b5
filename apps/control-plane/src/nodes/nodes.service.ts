import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Node } from '../db/generated/client.js';
import { nounPage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { notFound } from '../http/problem.js';
import { byReference } from '../http/text.js';

export type NodeKind = 'agent' | 'proxy';

export const nodeFields = z.strictObject({
  disabled: z.boolean().describe('A disabled node is turned away; its certificate is of no use.'),
});
export type NodeFields = z.infer<typeof nodeFields>;

const present = (row: Node) => ({
  id: row.id,
  name: row.name,
  disabled: row.disabled,
  connectedAt: row.connectedAt,
  lastSeenAt: row.lastSeenAt,
  softwareVersion: row.softwareVersion,
  certificateExpiry: row.certificateExpiry,
  /** The bundle that it acknowledged last; `refusal` says why it would not take a newer one. */
  manifestVersion: Number(row.manifestVersion),
  refusal: row.refusal,
  tunnel: row.tunnelHost === null || row.tunnelPort === null ? null : `${row.tunnelHost}:${row.tunnelPort}`,
  listeners: row.listeners,
  createdAt: row.createdAt,
});
export type NodeView = ReturnType<typeof present>;

/** Agents and proxies that enrolled. They make themselves; here they are seen, turned away and forgotten. */
@Injectable()
export class NodesService {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;

  constructor(@Inject(Database) database: Database, @Inject(ConfigurationChanges) changes: ConfigurationChanges) {
    this.#database = database;
    this.#changes = changes;
  }

  async list(tenantId: string, kind: NodeKind, query: PageQuery): Promise<Page<NodeView>> {
    const { where, ...page } = nounPage(tenantId, query);
    const rows = await this.#database.node.findMany({ where: { ...where, kind }, ...page });
    return toPage(rows, query.limit, (row) => [row.id], present);
  }

  async get(tenantId: string, kind: NodeKind, ref: string): Promise<NodeView> {
    const row = await this.#database.node.findFirst({ where: { ...byReference(tenantId, ref), kind } });
    if (row === null) throw notFound(kind);
    return present(row);
  }

  async change(
    tenantId: string,
    kind: NodeKind,
    { ref, fields }: { readonly ref: string; readonly fields: NodeFields },
  ) {
    await this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const done = await transaction.node.updateMany({ where: { ...byReference(tenantId, ref), kind }, data: fields });
      if (done.count === 0) throw notFound(kind);
    });
    return this.get(tenantId, kind, ref);
  }

  async remove(tenantId: string, kind: NodeKind, ref: string): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const done = await transaction.node.deleteMany({ where: { ...byReference(tenantId, ref), kind } });
      if (done.count === 0) throw notFound(kind);
    });
  }
}
