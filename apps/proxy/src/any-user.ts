import type { CatalogRelation } from '@sallyport/kernel';
import type { Facts, StatementFacts } from '@sallyport/sql';
import type { Place } from './place.js';

/**
 * What nobody sees through may have set another role, which `$user` on the path stands for: any schema may be looked into first.
 * A name that another schema has too, with something masked or a view behind it, may mean that one; then it counts as unknown.
 */
export const underAnyUser = (facts: Facts, { catalog, tagged }: Pick<Place, 'catalog' | 'tagged'>): Facts => {
  const schemas = new Map<string, string[]>();
  for (const relation of catalog?.relations ?? [])
    if (mayShow(relation, tagged)) schemas.set(relation.name, [...(schemas.get(relation.name) ?? []), relation.schema]);
  const statements = facts.statements.map((statement) => doubt(statement, schemas));
  return statements.every((statement, at) => statement === facts.statements[at]) ? facts : { statements };
};

const doubt = (statement: StatementFacts, schemas: ReadonlyMap<string, readonly string[]>): StatementFacts => {
  const { effects, unresolved } = statement;
  const names = new Set(unresolved);
  for (const { object } of effects)
    if (object.kind === 'table' || object.kind === 'column')
      if (schemas.get(object.table)?.some((schema) => schema !== object.schema)) names.add(object.table);
  return names.size === unresolved.length ? statement : { ...statement, unresolved: [...names] };
};

const mayShow = ({ schema, name, kind }: CatalogRelation, tagged: Place['tagged']): boolean =>
  kind === 'view' || kind === 'materialized' || tagged.some((tag) => tag.table === name && tag.schema === schema);
