import { hash } from 'node:crypto';
import type { Catalog } from '@sallyport/kernel';
import { createBundleKey, signBundle, verifyBundle } from '@sallyport/pki';
import { encodeCatalog, encodeChunk, encodeManifest } from '@sallyport/policy';
import type { Chunk, ConnectionChunk } from '@sallyport/policy';
import { createBundles } from '@sallyport/proxy/bundles';
import type { Bundles } from '@sallyport/proxy/bundles';
import { atOnce } from '@sallyport/runtime';

/** As a configuration arrives at a proxy. */
export interface Arriving {
  readonly manifest: Buffer;
  readonly signature: Buffer;
  readonly keyId: string;
  /** Of all of it, also of what is not sent again. */
  readonly digests: ReadonlySet<string>;
  readonly chunks: { kind: string; name: string; digest: string; content: Buffer }[];
}

const columns = ['id', 'parent_id', 'name', 'note', 'mail', 'amount', 'currency', 'status', 'created_at', 'updated_at'];
const bundleKey = createBundleKey();
const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

/** Tables as an application has them: ten columns, a key, an owner, and the two types that a server makes of each. */
export const largeCatalog = (tables: number, altered: readonly number[] = []): Catalog => {
  const relations = Array.from({ length: tables }, (_, at) => ({
    ...{ oid: 20_000 + at * 5, schema: `tenant_${at % 20}`, name: `accounts_and_orders_${at}`, kind: 'table' as const },
    ...{ owner: 'application', key: [1] },
    columns: [...columns, ...(altered.includes(at) ? ['added'] : [])].map((name, place) => ({
      ...{ attribute: place + 1, name, type: 25 },
    })),
  }));
  return {
    ...{ database: 'app', serverVersion: 180_004, searchPath: ['tenant_0'], user: 'application', functions: [] },
    schemas: Array.from({ length: 20 }, (_, at) => `tenant_${at}`),
    relations,
    types: relations.flatMap(({ oid, schema, name }) => [
      { oid: oid + 1, schema, name, kind: 'composite' as const, of: oid },
      { oid: oid + 2, schema, name: `_${name}`, kind: 'array' as const, of: oid + 1 },
    ]),
  };
};

const connection: ConnectionChunk = {
  ...{ id: 'con_1', name: 'billing', protocol: 'postgres', environment: 'production', database: 'app' },
  ...{ databases: ['app'], agents: ['agent'], audit: 'spool', hold: 45_000, detectors: true, policies: [] },
  tags: [{ schema: 'tenant_0', table: 'accounts_and_orders_0', column: 'mail', classes: ['email'] }],
  ...{ classes: { email: 'email' }, hashKey: '', policyVersion: 1 },
};

/** Signed, with all chunks but those that `before` had. */
export function bundleOf(version: number, catalog: Catalog, before: ReadonlySet<string> = new Set()): Arriving {
  const encoded = atOnce(encodeCatalog(catalog, sha256));
  if (!encoded.ok) throw new Error(encoded.problem);
  const named = (name: string, chunk: Chunk) => {
    const content = Buffer.from(encodeChunk(chunk));
    return { kind: chunk.kind, name, digest: sha256(content), content };
  };
  const { head, digest, parts } = encoded.value;
  const chunks = [
    named('', {
      kind: 'identity',
      value: { issuers: [], own: { issuer: 'https://gate', keys: [] }, subagents: [], users: [] },
    }),
    named('billing', { kind: 'connection', value: connection }),
    { kind: 'catalog' as const, name: 'billing/app', digest, content: Buffer.from(head) },
  ];
  const manifest = encodeManifest({
    ...{ tenant: 'bench', version, issuedAt: Date.now(), notAfter: Date.now() + 3_600_000, maxStaleness: 60_000 },
    chunks: chunks.map(({ kind, name, digest: of }) => ({ kind, name, digest: of })),
  });
  const all = [
    ...chunks,
    ...[...parts].map(([part, bytes]) => ({
      kind: 'catalog_part',
      name: '',
      digest: part,
      content: Buffer.from(bytes),
    })),
  ];
  return {
    manifest: Buffer.from(manifest),
    signature: Buffer.from(signBundle(bundleKey.privateKey, manifest)),
    keyId: 'bench',
    digests: new Set(all.map((chunk) => chunk.digest)),
    chunks: all.filter((chunk) => !before.has(chunk.digest)),
  };
}

/** A proxy's end of the configuration, but for the disk: what is in force is in force before it is kept there. */
export const openBundles = (): Bundles =>
  createBundles({
    now: Date.now,
    file: { read: () => undefined, write: () => Promise.resolve(), touch: () => undefined },
    trust: {
      tenant: () => 'bench',
      verify: ({ bytes, signature }) => verifyBundle(bundleKey.publicKey, bytes, signature),
    },
    log: { error: () => undefined },
  });
