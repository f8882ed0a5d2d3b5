import { columnObject } from './collector.js';
import type { Collector } from './collector.js';
import { readExpression } from './expression.js';
import type { Lineage, SqlAction } from './facts.js';
import { readRelation } from './from.js';
import { joinLineage, noLineage, unknownLineage } from './lineage.js';
import { noteMoves } from './moves.js';
import { fieldsOf, isFields, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { roleOf } from './node-kinds.js';
import { emptyScope, findColumn } from './scope.js';
import type { Scope, Source } from './scope.js';
import { plainStatements } from './statement-kinds.js';
import { makeTable, writtenColumns } from './table.js';
import { descendantsOf } from './views.js';

const database = { kind: 'database' } as const;

/** Statements that define, alter and drop, and whatever else is known by its kind alone. */
export function readDefinition(kind: string, fields: Fields, into: Collector): { readonly kind: string } {
  const plain = Object.hasOwn(plainStatements, kind) ? plainStatements[kind] : undefined;
  if (plain === undefined) {
    into.unknown(`${kind} is not modelled`);
    return { kind: kind.replace(/Stmt$/, '').toLowerCase() };
  }
  if (plain.action === undefined) return { kind: plain.kind };
  if (kind === 'DoStmt' || kind === 'CallStmt') into.hides();
  const scope: Scope = { ...emptyScope, sources: sourcesOf(kind, fields, into) };
  runInsides(fields, scope, into);
  noteTables(kind, fields, plain.action, into);
  noteMoves(kind, fields, into);
  readColumns(kind, fields, scope, into);
  // It takes back what the role was granted, too.
  if (kind === 'DropOwnedStmt') into.effect('grant', database);
  if (fields['behavior'] === 'DROP_CASCADE' && plain.action === 'drop') into.effect('drop', database);
  return { kind: plain.kind };
}

/** A table as its own definitions see it. One that the catalog does not know is new: it has no masked values. */
export function relationSource(relation: unknown, into: Collector): Source {
  const fields = fieldsOf(relation) ?? {};
  const found = into.resolver.relation(textOf(fields['schemaname']), textOf(fields['relname']) ?? '');
  if (found.kind === 'unresolved') return { alias: undefined, columns: undefined, reach: noLineage };
  return readRelation(fields, emptyScope, into, 'target');
}

/** The table that the definition is about. One that is just made has no values. */
function sourcesOf(kind: string, fields: Fields, into: Collector): readonly Source[] {
  if (kind === 'CreateStmt' || kind === 'CreateForeignTableStmt' || kind === 'CreateSeqStmt')
    return [{ alias: undefined, columns: undefined, reach: noLineage }];
  if (kind === 'CreateStatsStmt')
    return listOf(fields['relations']).map((relation) => relationSource(unwrap(relation)?.fields, into));
  if (!tableDefinitions.has(kind)) return [{ alias: undefined, columns: undefined, reach: unknownLineage }];
  return [relationSource(fields['relation'], into)];
}

const tableDefinitions: ReadonlySet<string> = new Set(['AlterTableStmt', 'IndexStmt', 'ClusterStmt']);

/** Where they stand alone in a definition, they are names and options as often. */
const values: ReadonlySet<string> = new Set(['String', 'Integer', 'Float', 'Boolean', 'List', 'A_Const']);
const isExpression = (tag: string): boolean =>
  roleOf(tag) === 'expression' || (roleOf(tag) === 'parts' && !values.has(tag));

/** Expressions inside a definition (USING, DEFAULT, CHECK ...) run too: what they call counts. Statements are not modelled. */
function runInsides(node: unknown, scope: Scope, into: Collector): void {
  if (Array.isArray(node)) {
    for (const each of node) runInsides(each, scope, into);
    return;
  }
  if (!isFields(node)) return;
  const wrapped = unwrap(node);
  if (wrapped !== undefined && isExpression(wrapped.kind)) {
    readExpression(node, scope, into);
    return;
  }
  if (
    wrapped !== undefined &&
    /^(Select|Insert|Update|Delete|Merge|View|Grant|Create|Rule|Index).*Stmt$/.test(wrapped.kind)
  )
    into.unknown(`${wrapped.kind} inside a definition is not modelled`);
  for (const each of Object.values(node)) runInsides(each, scope, into);
}

const droppable: ReadonlySet<unknown> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_SEQUENCE',
]);

/** Tables that a definition names, where the name is plain to see; anything else is an effect on the database. */
function noteTables(kind: string, fields: Fields, action: SqlAction, into: Collector): void {
  if (kind === 'CreateStmt') return makeTable(fields['relation'], action, writtenColumns(fields), into);
  if (kind === 'CreateSeqStmt') return makeTable(fields['sequence'], action, undefined, into);
  const named =
    kind === 'DropStmt' && droppable.has(fields['removeType'])
      ? listOf(fields['objects']).map((object) => nameParts(unwrap(object)?.fields['items']))
      : [qualified(fieldsOf(fields['relation']))];
  const tables = named.filter((parts) => parts.length > 0);
  for (const parts of tables) {
    const found = into.resolver.relation(parts.at(-2), parts.at(-1) ?? '');
    into.effect(action, { kind: 'table', schema: found.schema, table: parts.at(-1) ?? '' });
  }
  if (tables.length === 0) into.effect(action, database);
}

const qualified = (relation: Fields | undefined): readonly string[] =>
  [textOf(relation?.['schemaname']), textOf(relation?.['relname'])].filter((part) => part !== undefined);

/**
 * What a definition does to values that are there. It may copy them (a generated column, USING), test them (a constraint that
 * existing rows must fit), or take them out of the reach of their tags, which go by name.
 */
function readColumns(kind: string, fields: Fields, scope: Scope, into: Collector): void {
  switch (kind) {
    case 'AlterTableStmt':
      for (const command of listOf(fields['cmds'])) readAlteration(unwrap(command)?.fields ?? {}, scope, into);
      return;
    case 'CreateStmt':
    case 'CreateForeignTableStmt':
      for (const parent of listOf(fields['inhRelations'] ?? fieldsOf(fields['base'])?.['inhRelations']))
        alters(unwrap(parent)?.fields, into);
      for (const element of listOf(fields['tableElts'] ?? fieldsOf(fields['base'])?.['tableElts']))
        readElement(element, scope, into);
      return;
    case 'AlterDomainStmt':
      return readDomain(fields, into);
    case 'IndexStmt':
      if (fields['unique'] === true)
        for (const element of listOf(fields['indexParams'])) testElement(unwrap(element)?.fields, scope, into);
      test(fields['whereClause'], scope, into);
      return;
    case 'ClusterStmt':
      for (const { reach } of scope.sources) into.filter(reach);
      return;
    case 'RenameStmt':
      return readRename(fields, into);
    case 'AlterObjectSchemaStmt':
      if (fieldsOf(fields['relation']) !== undefined) into.copy(relationSource(fields['relation'], into).reach);
      return;
    default:
  }
}

function readAlteration(command: Fields, scope: Scope, into: Collector): void {
  const [source] = scope.sources;
  const reach = source?.reach ?? unknownLineage;
  const definition = unwrap(command['def']);
  switch (command['subtype']) {
    case 'AT_AddColumn':
    case 'AT_AddConstraint':
      return readElement(command['def'], scope, into);
    case 'AT_SetExpression':
      return copy(command['def'], scope, into);
    case 'AT_AlterColumnType': {
      // Without USING its own values are cast, and some may not fit.
      const using = definition?.fields['raw_default'];
      if (using === undefined) into.filter(columnOf(command['name'], scope, into));
      return copy(using, scope, into);
    }
    case 'AT_AttachPartition':
      alters(fieldsOf(definition?.fields['name']), into);
      return fit(definition?.fields['name'], into);
    case 'AT_AddInherit':
      return alters(definition?.fields, into);
    case 'AT_ValidateConstraint':
      return into.filter(reach);
    case 'AT_DetachPartition':
      // What it was tagged with as a part of its parent is gone; nobody may know it yet.
      into.copy(reach);
      return into.copy(relationSource(fieldsOf(definition?.fields['name']), into).reach);
    case 'AT_DropInherit':
      return into.copy(reach);
    case 'AT_ChangeOwner':
    case 'AT_DisableRowSecurity':
    case 'AT_NoForceRowSecurity':
      return into.effect('grant', database);
    default:
  }
}

/** The other table of a family: its rows are read, or its place is taken, through the one that is named first. */
function alters(relation: Fields | undefined, into: Collector): void {
  const parts = qualified(relation);
  const found = into.resolver.relation(parts.at(-2), parts.at(-1) ?? '');
  into.effect('alter', { kind: 'table', schema: found.schema, table: parts.at(-1) ?? '' });
}

/** Its rows are looked at: the definition fails where one of them does not fit. */
const fit = (relation: unknown, into: Collector): void => into.filter(relationSource(relation, into).reach);

/** Values of a domain are looked at wherever they are stored. */
function readDomain(fields: Fields, into: Collector): void {
  const constraint = unwrap(fields['def'])?.fields;
  const looks = fields['subtype'] === 'V' || (fields['subtype'] === 'C' && constraint?.['skip_validation'] !== true);
  if (!looks) return;
  const { index } = into.resolver;
  const domains = index.typesNamed(nameParts(fields['typeName']).at(-1) ?? '');
  if (domains.length === 0) return into.filter(unknownLineage);
  for (const { schema, name, columns } of index.relations.values())
    for (const column of columns)
      if (index.typesIn(column.type).some((oid) => domains.includes(oid)))
        into.filter({ columns: [columnObject(schema, name, column.name)], complete: true });
}

/** A column or a constraint. */
function readElement(element: unknown, scope: Scope, into: Collector): void {
  const wrapped = unwrap(element);
  if (wrapped?.kind === 'ColumnDef')
    for (const constraint of listOf(wrapped.fields['constraints']))
      readConstraint(unwrap(constraint)?.fields ?? {}, scope, into);
  if (wrapped?.kind === 'Constraint') readConstraint(wrapped.fields, scope, into);
}

function readConstraint(constraint: Fields, scope: Scope, into: Collector): void {
  switch (constraint['contype']) {
    case 'CONSTR_GENERATED':
      return copy(constraint['raw_expr'], scope, into);
    case 'CONSTR_CHECK':
      return test(constraint['raw_expr'], scope, into);
    case 'CONSTR_UNIQUE':
    case 'CONSTR_PRIMARY':
      for (const name of nameParts(constraint['keys'])) into.filter(columnOf(name, scope, into));
      return;
    case 'CONSTR_EXCLUSION':
      for (const exclusion of listOf(constraint['exclusions']))
        testElement(unwrap(listOf(unwrap(exclusion)?.fields['items'])[0])?.fields, scope, into);
      return test(constraint['where_clause'], scope, into);
    case 'CONSTR_FOREIGN':
      for (const name of nameParts(constraint['fk_attrs'])) into.filter(columnOf(name, scope, into));
      return into.filter(referenced(constraint, into));
    default:
  }
}

/** Whoever may insert learns by trying which values of these columns are there. */
function referenced(constraint: Fields, into: Collector): Lineage {
  const table = fieldsOf(constraint['pktable']) ?? {};
  const source = relationSource(table, into);
  const scope: Scope = { ...emptyScope, sources: [source] };
  const names = nameParts(constraint['pk_attrs']);
  if (names.length > 0) return joinLineage(names.map((name) => columnOf(name, scope, into)));
  const found = into.resolver.relation(textOf(table['schemaname']), textOf(table['relname']) ?? '');
  if (found.kind !== 'known') return source.reach;
  const { key, columns } = found.relation;
  if (key === undefined) return source.reach;
  return joinLineage(
    columns.filter(({ attribute }) => key.includes(attribute)).map(({ name }) => columnOf(name, scope, into)),
  );
}

const columnOf = (name: unknown, scope: Scope, into: Collector): Lineage =>
  typeof name === 'string' ? findColumn(scope, [name], into.spend).lineage : unknownLineage;

function copy(expression: unknown, scope: Scope, into: Collector): void {
  if (expression !== undefined) into.copy(readExpression(expression, scope, into).lineage);
}

function test(expression: unknown, scope: Scope, into: Collector): void {
  if (expression !== undefined) into.filter(readExpression(expression, scope, into).lineage);
}

function testElement(element: Fields | undefined, scope: Scope, into: Collector): void {
  if (typeof element?.['name'] === 'string') into.filter(columnOf(element['name'], scope, into));
  test(element?.['expr'], scope, into);
}

/** Tags go by name: under another one the values have none. */
function readRename(fields: Fields, into: Collector): void {
  const { renameType, relation, subname } = fields;
  if (renameType === 'OBJECT_SCHEMA') {
    for (const each of into.resolver.index.relations.values())
      if (each.schema === subname) into.copy(into.resolver.reachOf(each));
    return;
  }
  if (fieldsOf(relation) === undefined || !renamed.has(renameType)) return;
  const source = relationSource(relation, into);
  if (renameType !== 'OBJECT_COLUMN') return into.copy(source.reach);
  const scope: Scope = { ...emptyScope, sources: [source] };
  into.copy(columnOf(subname, scope, into));
  // Children's columns are renamed with it.
  const found = into.resolver.relation(
    textOf(fieldsOf(relation)?.['schemaname']),
    textOf(fieldsOf(relation)?.['relname']) ?? '',
  );
  if (found.kind !== 'known' || typeof subname !== 'string') return;
  for (const { schema, name } of descendantsOf(found.relation, into.resolver.index))
    into.copy({ columns: [columnObject(schema, name, subname)], complete: true });
}

/** Also by ALTER INDEX, which takes tables too. */
const renamed: ReadonlySet<unknown> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_INDEX',
  'OBJECT_SEQUENCE',
  'OBJECT_COLUMN',
]);
