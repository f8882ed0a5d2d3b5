import { z } from 'zod';
import { list } from '../http/answers.js';
import type { Page } from '../http/page.js';
import { pageOfAll } from './catalog-listing.js';
import type { Listing } from './catalog-listing.js';
import type { RelationsQuery } from './catalog-view.js';
import { typeNames } from './type-names.js';

/** What users made beside tables: functions, types and operators. */

export const functionView = z
  .object({
    schema: z.string(),
    name: z.string(),
    arguments: list(z.string()).describe(
      'Types of what is passed in: with schema and name, which one of several it is.',
    ),
    returns: z.string().nullable(),
    kind: z.string().describe('`function`, `procedure`, `aggregate` or `window`.'),
    language: z.string(),
    volatility: z.string().describe('`immutable`, `stable` or `volatile`.'),
    owner: z.string().nullable(),
    securityDefiner: z.boolean().describe('It runs with the rights of its owner.'),
  })
  .meta({ id: 'CatalogFunction' });
export type FunctionView = z.input<typeof functionView>;

export const typeView = z
  .object({
    schema: z.string(),
    name: z.string(),
    kind: z.string().describe('`base`, `composite`, `domain`, `enum`, `range` or `array`.'),
    of: z
      .string()
      .nullable()
      .describe('Of a domain its base, of an array its element, of a range its subtype; null where there is none.'),
    constraints: list(z.string()).describe('Of a domain: what its values are checked with.'),
  })
  .meta({ id: 'CatalogType' });
export type TypeView = z.input<typeof typeView>;

export const operatorView = z
  .object({
    schema: z.string(),
    name: z.string(),
    left: z.string().nullable().describe('Null of one that stands before its operand.'),
    right: z.string().nullable(),
    result: z.string().nullable(),
    compiled: z.boolean().describe('C wrote what it runs; any other needs `call`.'),
  })
  .meta({ id: 'CatalogOperator' });
export type OperatorView = z.input<typeof operatorView>;

const isAsked = (
  { schema, name }: { readonly schema: string; readonly name: string },
  query: Pick<RelationsQuery, 'schema' | 'name'>,
): boolean =>
  (query.schema === undefined || schema === query.schema) &&
  (query.name === undefined || name.toLowerCase().includes(query.name.toLowerCase()));

export function listFunctions({ catalog }: Listing, query: RelationsQuery): Page<FunctionView> {
  const nameOf = typeNames(catalog);
  const found = catalog.functions
    .filter((each) => isAsked(each, query))
    .map((each): FunctionView => ({
      ...{ schema: each.schema, name: each.name, kind: each.kind, language: each.language },
      ...{ volatility: each.volatility, securityDefiner: each.securityDefiner, owner: each.owner ?? null },
      arguments: (each.identity ?? each.arguments).map(nameOf),
      returns: each.returns === undefined || each.returns === 0 ? null : nameOf(each.returns),
    }));
  return pageOfAll(found, query, 3, (each) => [each.schema, each.name, each.arguments.join(', ')]);
}

export function listTypes({ catalog }: Listing, query: RelationsQuery): Page<TypeView> {
  const nameOf = typeNames(catalog);
  const found = catalog.types
    .filter((each) => isAsked(each, query))
    .map(({ schema, name, kind, of, constraints = [] }): TypeView => ({
      ...{ schema, name, kind, constraints: [...constraints] },
      // What a composite is of is a relation, of the same name.
      of: of === undefined || kind === 'composite' ? null : nameOf(of),
    }));
  return pageOfAll(found, query, 2, ({ schema, name }) => [schema, name]);
}

export function listOperators({ catalog }: Listing, query: RelationsQuery): Page<OperatorView> {
  const nameOf = typeNames(catalog);
  const operand = (oid: number | undefined): string | null => (oid === undefined || oid === 0 ? null : nameOf(oid));
  const found = (catalog.operators ?? [])
    .filter((each) => isAsked(each, query))
    .map(({ schema, name, left, right, result, compiled }): OperatorView => ({
      ...{ schema, name, compiled },
      ...{ left: operand(left), right: operand(right), result: operand(result) },
    }));
  return pageOfAll(found, query, 4, (each) => [each.schema, each.name, each.left ?? '', each.right ?? '']);
}
