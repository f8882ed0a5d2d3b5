import type { Catalog, CatalogColumn, CatalogRelation, CatalogType } from '@sallyport/kernel';

/** A catalog as people write it: see corpus/catalog.yaml. */
export interface WrittenCatalog {
  readonly searchPath: readonly string[];
  readonly schemas?: readonly string[];
  readonly relations: readonly WrittenRelation[];
  readonly functions?: readonly {
    readonly name: string;
    readonly language: string;
    readonly volatility?: Volatility;
    /** `text`, `record`, or a relation by its name. */
    readonly returns?: string;
    /** OUT or TABLE parameters, all text, by their names; an empty one has none. */
    readonly results?: readonly string[];
  }[];
  readonly operators?: readonly { readonly name: string; readonly compiled: boolean }[];
  readonly types?: readonly string[];
  readonly casts?: readonly { readonly source: string; readonly target: string; readonly function: string }[];
}

type Volatility = 'immutable' | 'stable' | 'volatile';

interface WrittenRelation {
  readonly name: string;
  readonly kind?: CatalogRelation['kind'];
  readonly columns: readonly (string | Readonly<Record<string, string>>)[];
  readonly types?: Readonly<Record<string, string>>;
  readonly definition?: string;
  readonly parents?: readonly string[];
  readonly key?: readonly string[];
  readonly rules?: true;
  readonly triggers?: true;
  readonly checks?: readonly string[];
  /** Conditions of policies for all commands. */
  readonly policies?: readonly string[];
}

const split = (name: string): { readonly schema: string; readonly name: string } => {
  const dot = name.indexOf('.');
  return { schema: name.slice(0, dot), name: name.slice(dot + 1) };
};

const text = 25;
const record = 2249;
const firstRelation = 20_000;
const firstType = 30_000;
const firstRow = 35_000;
const firstFunction = 40_000;

export function makeCatalog(given: WrittenCatalog): Catalog {
  const { relations, functions = [], operators = [], types = [], casts = [], searchPath } = given;
  const typeOf = (name: string): number => (name === 'text' ? text : firstType + types.indexOf(name));
  const oidOf = (name: string): number => firstRelation + relations.findIndex((each) => each.name === name);
  const rowOf = (name: string): number => oidOf(name) + firstRow - firstRelation;
  const returnedBy = (name: string): number => (name === 'text' ? text : name === 'record' ? record : rowOf(name));
  return {
    database: 'app',
    serverVersion: 180_004,
    searchPath,
    ...(given.schemas === undefined ? {} : { schemas: given.schemas }),
    relations: relations.map((each): CatalogRelation => {
      const columns = each.columns.map((column, at) =>
        columnOf(column, at, typeOf(each.types?.[nameOf(column)] ?? 'text')),
      );
      return {
        oid: oidOf(each.name),
        ...split(each.name),
        kind: each.kind ?? 'table',
        columns,
        ...(each.definition === undefined ? {} : { definition: each.definition }),
        ...(each.parents === undefined ? {} : { parents: each.parents.map(oidOf) }),
        ...(each.rules ? { hasRules: true } : {}),
        ...(each.checks === undefined ? {} : { checks: each.checks }),
        ...(each.policies === undefined
          ? {}
          : {
              rowSecurity: {
                forced: false,
                policies: each.policies.map((using, at) => ({ name: `p${at}`, command: 'all' as const, using })),
              },
            }),
        ...(each.triggers ? { hasTriggers: true } : {}),
        ...(each.key === undefined
          ? {}
          : { key: columns.filter(({ name }) => each.key?.includes(name)).map(({ attribute }) => attribute) }),
      };
    }),
    functions: functions.map(({ name, language, volatility = 'volatile', returns, results }, at) => ({
      oid: firstFunction + at,
      ...split(name),
      kind: 'function',
      language,
      volatility,
      securityDefiner: false,
      arguments: [text, ...(results ?? []).map(() => text)],
      identity: [text],
      ...(results === undefined ? {} : { results: results.map((name) => ({ name, type: text })) }),
      ...(returns === undefined ? {} : { returns: returnedBy(returns) }),
    })),
    types: [
      ...types.map((name): CatalogType => ({ oid: typeOf(name), schema: 'public', name, kind: 'base' })),
      ...[...new Set(functions.map(({ returns = '' }) => returns))]
        .filter((name) => name.includes('.'))
        .map((name): CatalogType => ({ oid: rowOf(name), ...split(name), kind: 'composite', of: oidOf(name) })),
    ],
    operators: operators.map(({ name, compiled }) => ({ ...split(name), compiled })),
    casts: casts.map((cast) => ({ source: typeOf(cast.source), target: typeOf(cast.target), ...split(cast.function) })),
  };
}

type WrittenColumn = WrittenRelation['columns'][number];

const nameOf = (column: WrittenColumn): string =>
  typeof column === 'string' ? column : (Object.keys(column)[0] ?? '');

const columnOf = (column: WrittenColumn, at: number, type: number): CatalogColumn => {
  const name = nameOf(column);
  const generated = typeof column === 'string' ? undefined : column[name];
  return { attribute: at + 1, name, type, ...(generated === undefined ? {} : { generated }) };
};
