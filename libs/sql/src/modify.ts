import { columnObject } from './collector.js';
import type { Collector } from './collector.js';
import { readExpression } from './expression.js';
import type { Lineage, SqlAction } from './facts.js';
import { readFrom, readRelation } from './from.js';
import { joinLineage, noLineage } from './lineage.js';
import { fieldsOf, listOf, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { readQuery, readTargets } from './query.js';
import type { QueryResult } from './query.js';
import { noteRowTests } from './row-tests.js';
import type { Assigned } from './row-tests.js';
import { findColumn } from './scope.js';
import type { Scope, Source } from './scope.js';
import { readWith } from './with.js';

const nothing: QueryResult = { columns: [], reach: noLineage };

/** The table that is written: the effect on it, and its columns for what the statement says of them. */
function readTarget(
  relation: unknown,
  action: SqlAction,
  scope: Scope,
  into: Collector,
): { readonly source: Source; readonly schema: string; readonly table: string } {
  const fields = fieldsOf(relation) ?? {};
  const source = readRelation(fields, scope, into, 'target');
  const name = textOf(fields['relname']) ?? '';
  const found = into.resolver.relation(textOf(fields['schemaname']), name);
  const schema = found.kind === 'known' ? found.relation.schema : found.schema;
  into.effect(action, { kind: 'table', schema, table: name });
  noteBases(fields, action, into);
  return { source, schema, table: name };
}

/** Who writes to a view writes to what it shows. */
function noteBases(relation: Fields, action: SqlAction, into: Collector): void {
  const found = into.resolver.relation(textOf(relation['schemaname']), textOf(relation['relname']) ?? '');
  if (found.kind !== 'known' || found.relation.kind !== 'view') return;
  // What triggers and rules of a view do is anybody's guess.
  if (found.relation.hasTriggers === true) {
    into.effect('opaque', { kind: 'table', schema: found.schema, table: found.relation.name });
    into.hides();
  }
  for (const { schema, name } of into.resolver.basesOf(found.relation))
    into.effect(action, { kind: 'table', schema, table: name });
}

const reading = (into: Collector, schema: string, table: string): void =>
  into.effect('select', { kind: 'table', schema, table });

function returning(fields: Fields, scope: Scope, into: Collector, target = scope.sources[0]): QueryResult {
  const clause = fieldsOf(fields['returningClause']);
  const targets = listOf(clause?.['exprs'] ?? fields['returningList']);
  if (targets.length === 0) return nothing;
  // RETURNING WITH (OLD AS o, NEW AS n): both are rows of the target.
  const rows = listOf(clause?.['options']).map((option) => textOf(unwrap(option)?.fields['value']) ?? '');
  const named =
    target === undefined
      ? []
      : ['old', 'new', ...rows].map((alias): Source => ({
          ...target,
          alias,
          hidden: new Set((target.columns ?? []).map(({ name }) => name)),
        }));
  return readTargets(targets, { ...scope, sources: [...scope.sources, ...named] }, into);
}

/** `name[expression]` as a target: the expression runs. */
function readSubscripts(target: Fields, scope: Scope, into: Collector): void {
  for (const part of listOf(target['indirection']))
    if (unwrap(part)?.kind === 'A_Indices') into.filter(readExpression(part, scope, into).lineage);
}

export function readInsert(fields: Fields, outer: Scope, into: Collector): QueryResult {
  const base = readWith(fields['withClause'], outer, into);
  const { source, schema, table } = readTarget(fields['relation'], 'insert', base, into);
  for (const column of listOf(fields['cols'])) {
    readSubscripts(unwrap(column)?.fields ?? {}, { sources: [source], ctes: base.ctes, outer: base.outer }, into);
    const name = textOf(unwrap(column)?.fields['name']);
    if (name !== undefined) into.effect('insert', columnObject(schema, table, name));
  }
  if (fields['selectStmt'] !== undefined) {
    const rows = readQuery(fields['selectStmt'], { sources: [], ctes: base.ctes, outer: base.outer }, into);
    into.copy(rows.reach);
  }
  const scope: Scope = { sources: [source], ctes: base.ctes, outer: base.outer };
  const conflict = fieldsOf(fields['onConflictClause']);
  if (conflict !== undefined) readConflict(conflict, listOf(fields['cols']), scope, schema, table, into);
  if (fieldsOf(fields['returningClause']) !== undefined) reading(into, schema, table);
  return returning(fields, scope, into);
}

function readConflict(
  conflict: Fields,
  inserted: readonly unknown[],
  scope: Scope,
  schema: string,
  table: string,
  into: Collector,
): void {
  const infer = fieldsOf(conflict['infer']);
  const keys = listOf(infer?.['indexElems']);
  // Whether a row conflicts tells which values are there. Where no key is named, any column may be one.
  if (keys.length === 0) into.filter(insertedColumns(inserted, scope, into));
  for (const element of keys) {
    const { name, expr } = unwrap(element)?.fields ?? {};
    if (typeof name === 'string') into.filter(findColumn(scope, [name], into.spend).lineage);
    if (expr !== undefined) into.filter(readExpression(expr, scope, into).lineage);
  }
  if (infer?.['whereClause'] !== undefined) into.filter(readExpression(infer['whereClause'], scope, into).lineage);
  if (conflict['action'] !== 'ONCONFLICT_UPDATE') return;
  into.effect('update', { kind: 'table', schema, table });
  noteBases({ schemaname: schema, relname: table }, 'update', into);
  const [target] = scope.sources;
  const excluded: readonly Source[] =
    target === undefined
      ? []
      : [{ ...target, alias: 'excluded', hidden: new Set((target.columns ?? []).map(({ name }) => name)) }];
  const inner: Scope = { ...scope, sources: [...scope.sources, ...excluded] };
  readAssignments(listOf(conflict['targetList']), inner, schema, table, into);
  if (conflict['whereClause'] !== undefined) {
    reading(into, schema, table);
    into.filter(readExpression(conflict['whereClause'], inner, into).lineage);
  }
}

const insertedColumns = (columns: readonly unknown[], scope: Scope, into: Collector): Lineage => {
  const names = columns.map((column) => textOf(unwrap(column)?.fields['name']) ?? '');
  const all = scope.sources.map(({ reach }) => reach);
  return joinLineage(names.length === 0 ? all : names.map((name) => findColumn(scope, [name], into.spend).lineage));
};

/** SET a = ..., (b, c) = (...): what flows into another column than its own is copied. */
function readAssignments(
  targets: readonly unknown[],
  scope: Scope,
  schema: string,
  table: string,
  into: Collector,
): void {
  const assigned: Assigned[] = [];
  for (const target of targets) {
    const fields = unwrap(target)?.fields ?? {};
    readSubscripts(fields, scope, into);
    const column = textOf(fields['name']) ?? '';
    into.effect('update', columnObject(schema, table, column));
    const value = unwrap(fields['val']);
    const source = value?.kind === 'MultiAssignRef' ? value.fields['source'] : fields['val'];
    const { lineage, verbatim } = readExpression(source, scope, into);
    assigned.push({ column, value: lineage, verbatim });
    const others = lineage.columns.filter(
      (each) => each.schema !== schema || each.table !== table || each.column !== column,
    );
    into.copy({ columns: others, complete: lineage.complete });
    if (lineage.columns.length > 0) reading(into, schema, table);
  }
  const found = into.resolver.relation(schema, table);
  if (found.kind !== 'known') return;
  noteRowTests(found.relation, assigned, into);
  // Through a view the columns of its tables are set.
  const shown = into.resolver.columnsOf(found.relation);
  for (const base of into.resolver.basesOf(found.relation))
    noteRowTests(
      base,
      assigned.flatMap((each) =>
        shown
          .filter(({ name }) => name === each.column)
          .flatMap(({ lineage }) =>
            lineage.columns.filter((part) => part.table === base.name && part.schema === base.schema),
          )
          .map(({ column }) => ({ ...each, column })),
      ),
      into,
    );
}

export function readUpdate(fields: Fields, outer: Scope, into: Collector): QueryResult {
  const base = readWith(fields['withClause'], outer, into);
  const { source, schema, table } = readTarget(fields['relation'], 'update', base, into);
  const from = readFrom(listOf(fields['fromClause']), base, into, [source]);
  for (const filter of from.filters) into.filter(filter);
  const scope: Scope = { sources: [source, ...from.sources], ctes: base.ctes, outer: base.outer };
  readAssignments(listOf(fields['targetList']), scope, schema, table, into);
  readCondition(fields['whereClause'], scope, schema, table, into);
  if (fieldsOf(fields['returningClause']) !== undefined) reading(into, schema, table);
  return returning(fields, scope, into);
}

export function readDelete(fields: Fields, outer: Scope, into: Collector): QueryResult {
  const base = readWith(fields['withClause'], outer, into);
  const { source, schema, table } = readTarget(fields['relation'], 'delete', base, into);
  const using = readFrom(listOf(fields['usingClause']), base, into, [source]);
  for (const filter of using.filters) into.filter(filter);
  const scope: Scope = { sources: [source, ...using.sources], ctes: base.ctes, outer: base.outer };
  readCondition(fields['whereClause'], scope, schema, table, into);
  if (fieldsOf(fields['returningClause']) !== undefined) reading(into, schema, table);
  return returning(fields, scope, into);
}

function readCondition(condition: unknown, scope: Scope, schema: string, table: string, into: Collector): void {
  if (condition === undefined) return;
  if (unwrap(condition)?.kind === 'CurrentOfExpr') return;
  reading(into, schema, table);
  into.filter(readExpression(condition, scope, into).lineage);
}

export function readMerge(fields: Fields, outer: Scope, into: Collector): QueryResult {
  const base = readWith(fields['withClause'], outer, into);
  const { source, schema, table } = readTarget(fields['relation'], 'merge', base, into);
  reading(into, schema, table);
  const from = readFrom([fields['sourceRelation']], base, into, [source]);
  for (const filter of from.filters) into.filter(filter);
  // `RETURNING *` of MERGE gives the source's columns first.
  const scope: Scope = { sources: [...from.sources, source], ctes: base.ctes, outer: base.outer };
  if (fields['joinCondition'] !== undefined) into.filter(readExpression(fields['joinCondition'], scope, into).lineage);
  const written = (action: SqlAction): void => {
    into.effect(action, { kind: 'table', schema, table });
    noteBases(fieldsOf(fields['relation']) ?? {}, action, into);
  };
  for (const clause of listOf(fields['mergeWhenClauses'])) {
    const when = unwrap(clause)?.fields ?? {};
    if (when['condition'] !== undefined) into.filter(readExpression(when['condition'], scope, into).lineage);
    switch (when['commandType']) {
      case 'CMD_INSERT':
        written('insert');
        into.copy(joinLineage(listOf(when['values']).map((value) => readExpression(value, scope, into).lineage)));
        break;
      case 'CMD_UPDATE':
        written('update');
        readAssignments(listOf(when['targetList']), scope, schema, table, into);
        break;
      case 'CMD_DELETE':
        written('delete');
        break;
      case 'CMD_NOTHING':
        break;
      default:
        into.unknown('an action of MERGE is not modelled');
    }
  }
  return returning(fields, scope, into, source);
}
