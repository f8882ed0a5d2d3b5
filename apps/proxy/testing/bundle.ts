import { hash } from 'node:crypto';
import type { Bundle } from '@sallyport/contracts';
import type { Catalog, CatalogColumn, CatalogRelation } from '@sallyport/kernel';
import { encodeChunk, encodeManifest, partedLists, partsOf, validatePolicySet } from '@sallyport/policy';
import type { CatalogHead, Chunk, CompiledPolicy, ConnectionChunk, IdentityChunk } from '@sallyport/policy';
import { tenant } from './authority.js';
import type { TestAuthority } from './authority.js';

export interface BundleContent {
  readonly version: number;
  readonly identity: IdentityChunk;
  /** Ids. */
  readonly endedLogins?: readonly string[];
  readonly connections: readonly ConnectionChunk[];
  /** By `connection/database`. */
  readonly catalogs: Readonly<Record<string, Catalog>>;
  readonly maxStaleness?: number;
}

/** What a test makes of a bundle before it is signed. */
export interface Forgery {
  /** The chunks' canonical JSON. */
  readonly chunk?: (text: string, kind: string) => string;
  /** The manifest's. */
  readonly manifest?: (text: string) => string;
}

/** As the control plane would sign it. */
export const signedBundle = (authority: TestAuthority, content: BundleContent, forgery: Forgery = {}): Bundle => {
  const spell = (name: string, chunk: Chunk) => {
    const text = Buffer.from(encodeChunk(chunk)).toString('utf8');
    const bytes = Buffer.from(forgery.chunk?.(text, chunk.kind) ?? text);
    return { kind: chunk.kind, name, digest: hash('sha256', bytes, 'hex'), content: bytes };
  };
  const parts: Bundle['chunks'] = [];
  const headOf = (name: string, catalog: Catalog) => {
    const made = partsOf(catalog).map((value) => spell(name, { kind: 'catalog_part', value }));
    parts.push(...made);
    const head = Object.entries(catalog).filter(([field]) => !(partedLists as readonly string[]).includes(field));
    const value = { ...(Object.fromEntries(head) as unknown as CatalogHead), parts: made.map(({ digest }) => digest) };
    return spell(name, { kind: 'catalog', value });
  };
  const chunks = [
    spell('', { kind: 'identity', value: content.identity }),
    spell('', { kind: 'ended_logins', value: { ids: content.endedLogins ?? [] } }),
    ...content.connections.map((value) => spell(value.name, { kind: 'connection', value })),
    ...Object.entries(content.catalogs).map(([name, catalog]) => headOf(name, catalog)),
  ];
  const honest = Buffer.from(
    encodeManifest({
      tenant,
      version: content.version,
      issuedAt: Date.now(),
      notAfter: Date.now() + 3_600_000,
      maxStaleness: content.maxStaleness ?? 60_000,
      chunks: chunks.map(({ kind, name, digest }) => ({ kind, name, digest })),
    }),
  );
  const manifest = Buffer.from(forgery.manifest?.(honest.toString('utf8')) ?? honest);
  return {
    manifest,
    signature: authority.signBundle(manifest),
    keyId: authority.bundleKeyId,
    chunks: [...chunks, ...parts],
  };
};

export const compiled = (text: string): readonly CompiledPolicy[] => {
  const set = validatePolicySet(text);
  if (!set.ok) throw new Error(set.problems.map(({ message }) => message).join('; '));
  return set.policies;
};

/** As much of a client as reading a catalog takes. */
export interface Querying {
  query(text: string): Promise<{ readonly rows: readonly unknown[] }>;
}

interface RelationRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly definition: string | null;
  readonly columns: readonly CatalogColumn[];
}

/** The catalog of a test database, as far as its tables go. */
export const readCatalog = async (client: Querying, database: string): Promise<Catalog> => {
  const { rows } = await client.query(`
    select c.oid::int as oid, n.nspname as schema, c.relname as name, c.relkind::text as kind,
      case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end as definition,
      (select json_agg(json_build_object('attribute', a.attnum, 'name', a.attname, 'type', a.atttypid::int) order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'v', 'm', 'p')`);
  const kinds: Readonly<Record<string, CatalogRelation['kind']>> = {
    r: 'table',
    v: 'view',
    m: 'materialized',
    p: 'partitioned',
  };
  return {
    database,
    serverVersion: 180000,
    relations: (rows as readonly RelationRow[]).map(({ kind, definition, ...row }) => ({
      ...row,
      kind: kinds[kind] ?? 'table',
      ...(definition === null ? {} : { definition }),
    })),
    functions: [],
    types: [],
    searchPath: ['public'],
  };
};
