import type { CatalogRelation } from '@sallyport/kernel';
import type { CatalogIndex } from './catalog-index.js';
import type { Collector } from './collector.js';
import type { ColumnObject, Lineage } from './facts.js';
import { joinLineage, noLineage } from './lineage.js';
import type { StoredExpression } from './stored-expression.js';
import { ancestorsOf, descendantsOf } from './views.js';

/**
 * What a server looks at when a row is written: checks, policies of rows, keys of partitions, expressions of indexes and generated
 * columns. Whoever sets one column of it learns by the error, or by its absence, what stands in the others.
 */
export interface RowTest {
  /** As it is printed: partitions have the same as their parents. */
  readonly text: string;
  readonly of: Lineage;
  readonly tells: Lineage;
  /** It goes with those of the whole family: a row that leaves one partition must find another. */
  readonly places: boolean;
}

/** What is asked of the rows of one relation alone. */
export function testsIn(relation: CatalogRelation, read: (text: string) => StoredExpression): readonly RowTest[] {
  const { checks = [], indexed = [], partitionedBy, rowSecurity, columns } = relation;
  // Functions that users wrote are the owner's word; what they are given counts, what else they read does not.
  const known = ({ columns: made }: Lineage, unread: boolean): Lineage => ({ columns: made, complete: !unread });
  const whole = (text: string, places = false): RowTest => {
    const { lineage, unread } = read(text);
    return { text, of: lineage, tells: known(lineage, unread), places };
  };
  const failing = (text: string): RowTest => {
    const { lineage, telling, unread } = read(text);
    return { text, of: lineage, tells: known(telling, unread), places: false };
  };
  const policies = (rowSecurity?.policies ?? []).filter(({ command }) => command === 'all' || command === 'update');
  return [
    ...checks.map((text) => whole(text)),
    ...policies.flatMap(({ check, using }) => check ?? using ?? []).map((text) => whole(text)),
    ...[...indexed, ...columns.flatMap(({ generated }) => generated ?? [])].map(failing),
    ...(partitionedBy === undefined ? [] : [whole(partitionedBy, true)]),
  ];
}

/** Who reads a relation whose policies ask a setting has a say in which rows there are. */
export function steeredIn(
  { rowSecurity }: CatalogRelation,
  read: (text: string) => StoredExpression,
  isSteered: (lineage: Lineage) => boolean,
): Lineage {
  const policies = rowSecurity?.policies ?? [];
  return joinLineage(
    policies
      .map(({ using }) => (using === undefined ? noLineage : read(using).lineage))
      .filter(isSteered)
      .map(({ columns }) => ({ columns, complete: true })),
  );
}

/** A column that is set, and what it is set to. */
export interface Assigned {
  readonly column: string;
  readonly value: Lineage;
  /** The value is a column as it is. */
  readonly verbatim: boolean;
}

/** What setting these columns of rows that are there tells of them and of others. */
export function noteRowTests(relation: CatalogRelation, assigned: readonly Assigned[], into: Collector): void {
  const { index } = into.resolver;
  const family = [relation, ...ancestorsOf(relation, index), ...descendantsOf(relation, index)];
  into.spend(family.length);
  const names = new Set(assigned.map(({ column }) => column));
  const members = new Set(family.map(keyOf));
  const isSet = ({ schema, table, column }: ColumnObject): boolean =>
    names.has(column) && members.has(keyOf({ schema, name: table }));
  const tests = testsOf(family, into);
  for (const { of, tells } of tests) {
    into.spend(of.columns.length);
    if (of.columns.some(isSet)) into.filter({ ...tells, columns: tells.columns.filter((each) => !isSet(each)) });
  }
  // A value that is made of itself tells of itself where it must fit something.
  const tested = new Set(tests.flatMap(({ of }) => of.columns.map(({ column }) => column)));
  for (const { column, value, verbatim } of assigned)
    if (
      !verbatim &&
      value.columns.length > 0 &&
      (tested.has(column) || family.some((each) => isBound(each, column, index)))
    )
      into.filter({ columns: value.columns, complete: true });
}

/** Keys of partitions are one test; what members have in common is looked at once. */
function testsOf(family: readonly CatalogRelation[], into: Collector): readonly Omit<RowTest, 'text'>[] {
  const seen = new Map<string, RowTest>();
  for (const each of family) for (const test of into.resolver.testsOf(each, seen)) seen.set(test.text, test);
  const all = [...seen.values()];
  const places = all.filter((test) => test.places);
  const key = { of: joinLineage(places.map(({ of }) => of)), tells: joinLineage(places.map(({ tells }) => tells)) };
  return [...all.filter((test) => !test.places), ...(places.length === 0 ? [] : [{ ...key, places: true }])];
}

const keyOf = ({ schema, name }: Pick<CatalogRelation, 'schema' | 'name'>): string => `${schema}\0${name}`;

/** Not every value fits there. */
function isBound({ columns, key = [], matched = [] }: CatalogRelation, name: string, index: CatalogIndex): boolean {
  const column = columns.find((each) => each.name === name);
  if (column === undefined) return false;
  const { attribute, type, limited } = column;
  return limited === true || key.includes(attribute) || matched.includes(attribute) || index.isDomain(type);
}
