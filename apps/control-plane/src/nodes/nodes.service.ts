import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
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
  disabled: z
    .boolean()
    .describe('A disabled node is turned away, and its workers with it; its certificate is of no use.'),
});
export type NodeFields = z.infer<typeof nodeFields>;

export const nodeView = z
  .object({
    id: z.string(),
    name: z.string(),
    disabled: z.boolean().describe('Turned away, itself or with the proxy whose worker it is.'),
    workerOf: z.string().nullable().describe('Proxies: name of the proxy whose worker it is.'),
    connectedAt: moment.nullable().describe('Since when it is connected; null: it is not.'),
    lastSeenAt: moment.nullable(),
    softwareVersion: z.string().nullable(),
    certificateExpiry: moment.nullable(),
    certificateOverdue: z.boolean().describe('It should have been renewed by now.'),
    manifestVersion: z.int().describe('The bundle that it acknowledged last.'),
    newestManifest: z.int().describe('The newest bundle that there is for it.'),
    refusal: z.string().nullable().describe('Why it would not take a newer one.'),
    tunnel: z.string().nullable().describe('Proxies: where agents reach it.'),
    listeners: list(z.object({ protocol: z.string(), host: z.string(), port: z.int() })),
    createdAt: moment,
  })
  .meta({ id: 'Node' });
export type NodeView = z.input<typeof nodeView>;

type NodeRow = Node & { readonly workerOf: Node | null };
const include = { workerOf: true } as const;

/** Nodes renew between half and two thirds of the life of their certificate, and try again from then on. */
const overdue = 1 / 4;

const present = (
  row: NodeRow,
  { newest, lifetime }: { readonly newest: number; readonly lifetime: number },
): NodeView => ({
  id: row.id,
  name: row.name,
  disabled: row.disabled || row.workerOf?.disabled === true,
  workerOf: row.workerOf?.name ?? null,
  connectedAt: row.connectedAt,
  lastSeenAt: row.lastSeenAt,
  softwareVersion: row.softwareVersion,
  certificateExpiry: row.certificateExpiry,
  certificateOverdue:
    row.certificateExpiry !== null && row.certificateExpiry.getTime() - Date.now() < lifetime * overdue,
  manifestVersion: Number(row.manifestVersion),
  newestManifest: newest,
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
  readonly #lifetime: number;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ConfigurationChanges) changes: ConfigurationChanges,
    @Inject(CONFIG) config: Config,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#lifetime = config.certificateLifetime;
  }

  async list(tenantId: string, kind: NodeKind, query: PageQuery): Promise<Page<NodeView>> {
    const { where, ...page } = nounPage(tenantId, query);
    const rows = await this.#database.node.findMany({ where: { ...where, kind }, include, ...page });
    const beside = await this.#beside(tenantId);
    return toPage(
      rows,
      query.limit,
      (row) => [row.id],
      (row) => present(row, beside),
    );
  }

  async get(tenantId: string, kind: NodeKind, ref: string): Promise<NodeView> {
    const row = await this.#database.node.findFirst({ where: { ...byReference(tenantId, ref), kind }, include });
    if (row === null) throw notFound(kind);
    return present(row, await this.#beside(tenantId));
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
  async #beside(id: string): Promise<{ readonly newest: number; readonly lifetime: number }> {
    const { bundleVersion } = await this.#database.tenant.findUniqueOrThrow({
      where: { id },
      select: { bundleVersion: true },
    });
    return { newest: Number(bundleVersion), lifetime: this.#lifetime };
  }
}
