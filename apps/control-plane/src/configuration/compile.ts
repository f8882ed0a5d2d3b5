import { createHash } from 'node:crypto';
import { decodeChunk, encodeChunk, joinPolicySets, policiesFor } from '@sallyport/policy';
import type {
  AgentConnectionChunk,
  Chunk,
  ChunkReference,
  ColumnTag,
  CompiledPolicy,
  ConnectionChunk,
  MaskFormat,
} from '@sallyport/policy';
import type { Database, Transaction } from '../db/database.js';
import { readIdentity } from './identity-chunks.js';

/** What one change compiles to: chunks by digest, and who gets which. */
export interface Compiled {
  readonly version: number;
  readonly chunks: ReadonlyMap<string, Uint8Array>;
  /** Digests of a catalog's parts, by the digest of the catalog. */
  readonly parts: ReadonlyMap<string, readonly string[]>;
  readonly forProxies: readonly ChunkReference[];
  forAgent(name: string): readonly ChunkReference[];
  /** Connections by name, with the agents that serve them. */
  readonly connections: ReadonlyMap<string, ConnectionChunk>;
  /** `kind name` of nodes that may be connected. */
  readonly nodes: ReadonlySet<string>;
}

/** Of what was compiled before, parts of catalogs are not read again. */
export async function compile(
  database: Database,
  tenantId: string,
  own: {
    /** Of the tokens that are minted here: their `iss`. */
    readonly issuerOf: (tenant: { readonly id: string; readonly name: string }) => string;
    readonly hashKey: Uint8Array;
  },
  before: Pick<Compiled, 'chunks'> | undefined,
): Promise<Compiled> {
  const state = await read(database, tenantId, own.issuerOf, before?.chunks ?? new Map());
  const chunks = new Map<string, Uint8Array>(state.parts.chunks);
  const add = (name: string, chunk: Chunk): ChunkReference => {
    const bytes = encodeChunk(chunk);
    const digest = createHash('sha256').update(bytes).digest('hex');
    chunks.set(digest, bytes);
    return { kind: chunk.kind, name, digest };
  };
  const policies = joinPolicySets(
    state.sets.flatMap(({ name, versions: [version] }) =>
      version === undefined ? [] : [{ name, policies: version.compiled as unknown as readonly CompiledPolicy[] }],
    ),
  );
  const classes = Object.fromEntries(state.classes.map(({ name, mask }) => [name, mask as MaskFormat]));
  const forProxies: ChunkReference[] = [
    add('', { kind: 'identity', value: state.identity }),
    add('', { kind: 'ended_logins', value: state.endedLogins }),
  ];
  const connections = new Map<string, ConnectionChunk>();
  const nodes = new Set(state.nodes.map(({ kind, name }) => `${kind} ${name}`));
  const served: { readonly agents: readonly string[]; readonly reference: ChunkReference }[] = [];
  for (const row of state.connections) {
    const slice = policiesFor(policies, row);
    const value: ConnectionChunk = {
      id: row.id,
      name: row.name,
      protocol: row.protocol,
      environment: row.environment,
      database: row.database,
      databases: row.databases,
      // Whom a proxy may ask: not one that is turned away, though its certificate lives on.
      agents: row.agents.filter((name) => nodes.has(`agent ${name}`)),
      audit: row.audit === 'durable' ? 'durable' : 'spool',
      hold: row.holdSeconds * 1000,
      detectors: row.detectors,
      ...(row.unprovable === 'mask' ? { unprovable: 'mask' } : {}),
      tags: row.tags.map(({ schema, table, column, classes: of }): ColumnTag => ({
        schema,
        table,
        column,
        classes: of,
      })),
      classes,
      hashKey: Buffer.from(own.hashKey).toString('base64'),
      policies: slice,
      policyVersion: versionOf(slice),
    };
    connections.set(row.name, value);
    forProxies.push(add(row.name, { kind: 'connection', value }));
    for (const { database: name, digest, stale, content } of row.catalogs) {
      if (digest === '' || stale) continue;
      chunks.set(digest, content);
      forProxies.push({ kind: 'catalog', name: `${row.name}/${name}`, digest });
    }
    const forAgent: AgentConnectionChunk = {
      id: row.id,
      name: row.name,
      protocol: row.protocol,
      host: row.host,
      port: row.port,
      tls: row.tls as AgentConnectionChunk['tls'],
      database: row.database,
      databases: row.databases,
      credential: row.credential,
      ...(row.sampling ? { sampling: true } : {}),
    };
    served.push({ agents: row.agents, reference: add(row.name, { kind: 'agent_connection', value: forAgent }) });
  }
  const proxies = state.nodes
    .filter(({ kind }) => kind === 'proxy')
    .flatMap(({ name, tunnelHost: host, tunnelPort: port }) =>
      host === null || port === null ? [] : [{ name, host, port }],
    );
  const proxyList = add('', { kind: 'proxies', value: { proxies } });
  return {
    version: Number(state.version),
    chunks,
    parts: state.parts.of,
    forProxies,
    forAgent: (name) => [
      proxyList,
      ...served.filter(({ agents }) => agents.includes(name)).map(({ reference }) => reference),
    ],
    connections,
    nodes,
  };
}

/**
 * The same policies have the same version, on every replica and after a rollback; approvals are bound to it. It is a name of
 * the content, not a count.
 */
const versionOf = (policies: readonly CompiledPolicy[]): number =>
  createHash('sha256').update(JSON.stringify(policies)).digest().readUInt32BE() >>> 1;

/** One moment of the database. */
const read = (
  database: Database,
  tenantId: string,
  issuerOf: (tenant: { readonly id: string; readonly name: string }) => string,
  known: ReadonlyMap<string, Uint8Array>,
) =>
  database.$transaction(
    async (transaction) => {
      const where = { tenantId };
      const orderBy = { id: 'asc' } as const;
      const tenant = await transaction.tenant.findUniqueOrThrow({ where: { id: tenantId } });
      const { bundleVersion: version } = tenant;
      const { identity, endedLogins } = await readIdentity(transaction, tenantId, issuerOf(tenant));
      const connections = await transaction.connection.findMany({
        where,
        orderBy,
        include: {
          tags: { orderBy: [{ schema: 'asc' }, { table: 'asc' }, { column: 'asc' }] },
          catalogs: { orderBy: { database: 'asc' } },
        },
      });
      const parts = await partsOf(
        transaction,
        tenantId,
        connections.flatMap(({ catalogs }) => catalogs),
        known,
      );
      const classes = await transaction.dataClass.findMany({ where, orderBy });
      const nodes = await transaction.node.findMany({
        where: { ...where, disabled: false, OR: [{ workerOfId: null }, { workerOf: { disabled: false } }] },
        orderBy,
      });
      const published = await transaction.policySet.findMany({ where: { ...where, publishedVersion: { not: null } } });
      const sets = await Promise.all(
        published.map(async ({ id, name, publishedVersion }) => ({
          name,
          versions: await transaction.policyVersion.findMany({
            where: { tenantId, policySetId: id, version: publishedVersion ?? -1 },
          }),
        })),
      );
      return { version, identity, endedLogins, connections, parts, classes, nodes, sets };
    },
    { isolationLevel: 'RepeatableRead', maxWait: 15_000, timeout: 60_000 },
  );

interface StoredCatalog {
  readonly id: string;
  readonly digest: string;
  readonly stale: boolean;
  readonly content: Uint8Array;
}

async function partsOf(
  transaction: Transaction,
  tenantId: string,
  catalogs: readonly StoredCatalog[],
  known: ReadonlyMap<string, Uint8Array>,
) {
  const chunks = new Map<string, Uint8Array>();
  const of = new Map<string, readonly string[]>();
  for (const { id: snapshotId, digest, stale, content } of catalogs) {
    if (digest === '' || stale) continue;
    const head = decodeChunk('catalog', content);
    if (!head.ok) throw new Error(`a catalog in the database cannot be read: ${head.problem}`);
    of.set(digest, head.value.parts);
    for (const part of head.value.parts) {
      const bytes = known.get(part);
      if (bytes !== undefined) chunks.set(part, bytes);
    }
    const wanted = head.value.parts.filter((part) => !chunks.has(part));
    if (wanted.length === 0) continue;
    const where = { tenantId, snapshotId, digest: { in: wanted } };
    for (const part of await transaction.catalogPart.findMany({ where })) chunks.set(part.digest, part.content);
  }
  return { chunks, of };
}
