import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Node } from '../db/generated/client.js';
import { list, moment } from '../http/answers.js';
import { nounPage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { notFound } from '../http/problem.js';
import { byReference } from '../http/text.js';

export type NodeKind = 'agent' | 'proxy';

export const nodeFields = z.strictObject({
  disabled: z.boolean().describe('A disabled node is turned away; its certificate is of no use.'),
});
export type NodeFields = z.infer<typeof nodeFields>;

export const nodeView = z
  .object({
    id: z.string(),
    name: z.string(),
    disabled: z.boolean(),
    connectedAt: moment.nullable().describe('Since when it is connected; null: it is not.'),
    lastSeenAt: moment.nullable(),
    softwareVersion: z.string().nullable(),
    certificateExpiry: moment.nullable(),
    manifestVersion: z.int().describe('The bundle that it acknowledged last.'),
    refusal: z.string().nullable().describe('Why it would not take a newer one.'),
    tunnel: z.string().nullable().describe('Proxies: where agents reach it.'),
    listeners: list(z.object({ protocol: z.string(), host: z.string(), port: z.int() })),
    createdAt: moment,
  })
  .meta({ id: 'Node' });
export type NodeView = z.input<typeof nodeView>;

const present = (row: Node): NodeView => ({
  id: row.id,
  name: row.name,
  disabled: row.disabled,
  connectedAt: row.connectedAt,
  lastSeenAt: row.lastSeenAt,
  softwareVersion: row.softwareVersion,
  certificateExpiry: row.certificateExpiry,
  manifestVersion: Number(row.manifestVersion),
  refusal: row.refusal,
  tunnel: row.tunnelHost === null || row.tunnelPort === null ? null : `${row.tunnelHost}:${row.tunnelPort}`,
  listeners: row.listeners as unknown as NodeView['listeners'],
  createdAt: row.createdAt,
});

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
  ): Promise<NodeView> {
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
