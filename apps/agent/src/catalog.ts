import type { Catalog, CatalogFunction, CatalogRelation, CatalogType } from '@sallyport/kernel';
import {
  fingerprintQuery,
  functionsQuery,
  prepareSession,
  relationsQuery,
  settingsQuery,
  typesQuery,
} from './catalog-queries.js';

/** What one look at a target found. `undefined` catalog: nothing changed since `known`. */
export interface CatalogReading {
  readonly fingerprint: string;
  readonly catalog: Catalog | undefined;
}

export interface CatalogClient {
  query(text: string): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>;
}

/** More than this is no catalog that a proxy could hold. */
const mostRows = 500_000;

/** What a session of this role starts with. */
async function sessionSearchPath(client: CatalogClient): Promise<readonly string[]> {
  const { rows } = await client.query('select pg_catalog.current_schemas(false)::text[] as path');
  const path = rows[0]?.['path'];
  return Array.isArray(path) ? path.map(String) : [];
}

/** Reads the catalog over a session of its own; a snapshot, so that its parts belong together. */
export async function readCatalog(client: CatalogClient, known: string | undefined): Promise<CatalogReading> {
  const searchPath = await sessionSearchPath(client);
  await client.query(prepareSession);
  await client.query('begin isolation level repeatable read read only');
  const rows = async (text: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const result = await client.query(text);
    if (result.rows.length > mostRows) throw new RangeError(`the catalog has more than ${mostRows} entries of a kind`);
    return result.rows;
  };
  const fingerprint = String((await rows(fingerprintQuery))[0]?.['fingerprint']);
  if (fingerprint === known) return { fingerprint, catalog: undefined };
  const [settings] = await rows(settingsQuery);
  const catalog: Catalog = {
    database: String(settings?.['database']),
    serverVersion: Number(settings?.['version']),
    relations: (await rows(relationsQuery)).map(relationOf),
    functions: (await rows(functionsQuery)).map(functionOf),
    types: (await rows(typesQuery)).map(typeOf),
    searchPath,
  };
  await client.query('commit');
  return { fingerprint, catalog };
}

const relationKinds: Readonly<Record<string, CatalogRelation['kind']>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materialized',
  f: 'foreign',
  S: 'sequence',
  c: 'composite',
};

function relationOf(row: Readonly<Record<string, unknown>>): CatalogRelation {
  const parents = (row['parents'] as readonly unknown[]).map(Number);
  const columns = row['columns'] as readonly (readonly [number, string, number])[];
  return {
    oid: Number(row['oid']),
    schema: String(row['schema']),
    name: String(row['name']),
    kind: relationKinds[String(row['kind'])] ?? 'table',
    columns: columns.map(([attribute, name, type]) => ({ attribute, name, type: Number(type) })),
    ...(typeof row['definition'] === 'string' ? { definition: row['definition'] } : {}),
    ...(parents.length > 0 ? { parents } : {}),
    ...(row['triggers'] === true ? { hasTriggers: true } : {}),
    ...(row['rules'] === true ? { hasRules: true } : {}),
  };
}

const functionKinds: Readonly<Record<string, CatalogFunction['kind']>> = {
  f: 'function',
  p: 'procedure',
  a: 'aggregate',
  w: 'window',
};
const volatilities: Readonly<Record<string, CatalogFunction['volatility']>> = {
  i: 'immutable',
  s: 'stable',
  v: 'volatile',
};

const functionOf = (row: Readonly<Record<string, unknown>>): CatalogFunction => ({
  oid: Number(row['oid']),
  schema: String(row['schema']),
  name: String(row['name']),
  kind: functionKinds[String(row['kind'])] ?? 'function',
  language: String(row['language']),
  volatility: volatilities[String(row['volatility'])] ?? 'volatile',
  securityDefiner: row['definer'] === true,
  arguments: (row['arguments'] as readonly unknown[]).map(Number),
});

function typeOf(row: Readonly<Record<string, unknown>>): CatalogType {
  const head = { oid: Number(row['oid']), schema: String(row['schema']), name: String(row['name']) };
  const of = (column: string): { readonly of?: number } =>
    Number(row[column]) === 0 ? {} : { of: Number(row[column]) };
  // An array is a base type whose category says so.
  if (row['kind'] === 'b' && row['category'] === 'A') return { ...head, kind: 'array', ...of('element') };
  switch (row['kind']) {
    case 'c':
      return { ...head, kind: 'composite', ...of('relation') };
    case 'd':
      return { ...head, kind: 'domain', ...of('base') };
    case 'e':
      return { ...head, kind: 'enum' };
    case 'r':
    case 'm':
      return { ...head, kind: 'range' };
    default:
      return { ...head, kind: 'base' };
  }
}
