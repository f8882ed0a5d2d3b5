import type {
  Catalog,
  CatalogCast,
  CatalogEventTrigger,
  CatalogFunction,
  CatalogOperator,
  CatalogRelation,
  CatalogType,
} from '@sallyport/kernel';
import { randomInt } from 'node:crypto';
import { effectsOf, testsOf } from './catalog-effects.js';
import {
  begin,
  castsQuery,
  eventTriggersQuery,
  fingerprintQuery,
  functionsQuery,
  operatorsQuery,
  ownNamesOnly,
  relationsQuery,
  schemasQuery,
  settingsQuery,
  startQuery,
  typesQuery,
} from './catalog-queries.js';
import { UnbelievableCatalog, listOf, numbersOf, rowsOf } from './unbelievable-catalog.js';

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

/** Of this process: fingerprints are compared with its own. */
const seed = randomInt(2 ** 47);

async function sessionStart(client: CatalogClient): Promise<Pick<Catalog, 'searchPath'> & { readonly user: string }> {
  const { rows } = await client.query(startQuery);
  const path = rows[0]?.['path'];
  return { searchPath: Array.isArray(path) ? path.map(String) : [], user: String(rows[0]?.['user']) };
}

/** Reads the catalog over a session of its own; a snapshot, so that its parts belong together. */
export async function readCatalog(client: CatalogClient, known: string | undefined): Promise<CatalogReading> {
  await client.query(begin);
  const start = await sessionStart(client);
  await client.query(ownNamesOnly);
  const rows = async (text: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const result = await client.query(text);
    if (result.rows.length > mostRows) throw new UnbelievableCatalog(`it has more than ${mostRows} entries of a kind`);
    return result.rows;
  };
  const fingerprint = `${String((await rows(fingerprintQuery(seed)))[0]?.['fingerprint'])} ${JSON.stringify(start)}`;
  if (fingerprint === known) return { fingerprint, catalog: undefined };
  const [settings] = await rows(settingsQuery);
  const catalog: Catalog = {
    database: String(settings?.['database']),
    serverVersion: Number(settings?.['version']),
    relations: (await rows(relationsQuery)).map(relationOf),
    functions: (await rows(functionsQuery)).map(functionOf),
    types: (await rows(typesQuery)).map(typeOf),
    ...start,
    schemas: (await rows(schemasQuery)).map(({ name }) => String(name)),
    operators: (await rows(operatorsQuery)).map(operatorOf),
    casts: (await rows(castsQuery)).map(castOf),
    eventTriggers: (await rows(eventTriggersQuery)).map(eventTriggerOf),
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
  const parents = numbersOf(row['parents']);
  const columns = rowsOf(row['columns']) ?? [];
  const key = row['key'] === null ? undefined : numbersOf(row['key']);
  return {
    oid: Number(row['oid']),
    schema: String(row['schema']),
    name: String(row['name']),
    kind: relationKinds[String(row['kind'])] ?? 'table',
    columns: columns.map(([attribute, name, type, generated, limited]) => ({
      attribute: Number(attribute),
      name: String(name),
      type: Number(type),
      ...(generated === null ? {} : { generated: String(generated) }),
      ...(limited === true ? { limited } : {}),
    })),
    ...(key === undefined ? {} : { key }),
    ...(typeof row['definition'] === 'string' ? { definition: row['definition'] } : {}),
    ...(parents.length > 0 ? { parents } : {}),
    ...(row['triggers'] === true ? { hasTriggers: true } : {}),
    ...testsOf(row),
    ...effectsOf(row),
  };
}

const operatorOf = (row: Readonly<Record<string, unknown>>): CatalogOperator => ({
  schema: String(row['schema']),
  name: String(row['name']),
  compiled: row['compiled'] === true,
  ...(Number(row['left']) === 0 ? {} : { left: Number(row['left']) }),
  right: Number(row['right']),
  result: Number(row['result']),
  function: Number(row['function']),
});

const castOf = (row: Readonly<Record<string, unknown>>): CatalogCast => ({
  source: Number(row['source']),
  target: Number(row['target']),
  schema: String(row['schema']),
  name: String(row['name']),
});

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
  arguments: numbersOf(row['arguments']),
  ...(row['identity'] === null ? {} : { identity: numbersOf(row['identity']) }),
  owner: String(row['owner']),
  returns: Number(row['returns']),
  ...(row['results'] === null
    ? {}
    : { results: (rowsOf(row['results']) ?? []).map(([name, type]) => ({ name: String(name), type: Number(type) })) }),
});

const eventTriggerOf = (row: Readonly<Record<string, unknown>>): CatalogEventTrigger => ({
  name: String(row['name']),
  event: String(row['event']),
  function: Number(row['function']),
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
      return {
        ...{ ...head, kind: 'domain' as const, ...of('base') },
        ...(row['constraints'] === null ? {} : { constraints: listOf(row['constraints']).map(String) }),
      };
    case 'e':
      return { ...head, kind: 'enum' };
    case 'r':
    case 'm':
      return { ...head, kind: 'range', ...of('subtype') };
    default:
      return { ...head, kind: 'base' };
  }
}
