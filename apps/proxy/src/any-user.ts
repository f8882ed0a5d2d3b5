import type { CatalogRelation } from '@sallyport/kernel';
import type { Facts, OutputColumn, StatementFacts } from '@sallyport/sql';
import type { Place } from './place.js';

/** What flows into the columns of a view, by its OID. */
type ColumnsOf = (relation: number) => readonly OutputColumn[] | undefined;

/** What a relation shows, as far as masks go. Two of one signature mean the same to a reader. */
interface Shown {
  readonly schema: string;
  readonly signature: string;
  readonly masked: boolean;
}

const namesakes = new WeakMap<Place, ReadonlyMap<string, readonly Shown[]>>();

/**
 * What nobody sees through may have set another role, which `$user` on the path stands for: any schema may be looked into first.
 * A name that another schema has too, for something that shows other masked columns, counts as unknown then.
 */
export const underAnyUser = (facts: Facts, place: Place, columnsOf: ColumnsOf): Facts => {
  const known = namesakes.get(place) ?? gather(place, columnsOf);
  namesakes.set(place, known);
  if (known.size === 0) return facts;
  const statements = facts.statements.map((statement) => doubt(statement, known));
  return statements.every((statement, at) => statement === facts.statements[at]) ? facts : { statements };
};

/** Names that several schemas have, where one of them shows something masked. */
const gather = (place: Place, columnsOf: ColumnsOf): ReadonlyMap<string, readonly Shown[]> => {
  if (place.tagged.length === 0) return new Map();
  const names = Map.groupBy(place.catalog?.relations ?? [], ({ name }) => name);
  const found = new Map<string, readonly Shown[]>();
  for (const [name, relations] of names) {
    if (relations.length < 2) continue;
    const shown = relations.map((relation) => shownBy(relation, place, columnsOf));
    if (shown.some(({ masked }) => masked)) found.set(name, shown);
  }
  return found;
};

const shownBy = (relation: CatalogRelation, place: Place, columnsOf: ColumnsOf): Shown => {
  const made = columnsOf(relation.oid);
  const flows = relation.columns.map(({ name }, at): readonly string[] => {
    const { columns, complete } = made?.[at]?.lineage ?? {
      columns: [{ schema: relation.schema, table: relation.name, column: name }],
      complete: made === undefined,
    };
    const classes = columns.flatMap((each) => place.tag(each.schema, each.table, each.column)?.classes ?? []);
    return complete ? [...new Set(classes)].sort() : ['?', String(relation.oid)];
  });
  return {
    schema: relation.schema,
    signature: JSON.stringify([relation.columns.map(({ name }) => name), flows]),
    masked: flows.some((classes) => classes.length > 0),
  };
};

const doubt = (statement: StatementFacts, known: ReadonlyMap<string, readonly Shown[]>): StatementFacts => {
  const { effects, unresolved } = statement;
  const names = new Set(unresolved);
  for (const { object } of effects) {
    if (object.kind !== 'table' && object.kind !== 'column') continue;
    const all = known.get(object.table) ?? [];
    const meant = all.find(({ schema }) => schema === object.schema)?.signature;
    if (all.some(({ masked, signature }) => masked && signature !== meant)) names.add(object.table);
  }
  return names.size === unresolved.length ? statement : { ...statement, unresolved: [...names] };
};
