import type { CatalogRelation } from '@sallyport/kernel';
import { isServersOwn } from './builtins.js';
import type { Collector } from './collector.js';
import { fieldsOf, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { placeOf } from './table.js';
import { ancestorsOf, descendantsOf } from './views.js';

/** Names that a definition gives, takes away or gives to something else. Until the catalog is read again, it is wrong about them. */
export function noteMoves(kind: string, fields: Fields, into: Collector): void {
  switch (kind) {
    case 'DropStmt':
      return noteDrop(fields, into);
    case 'RenameStmt':
      return noteRename(fields, into);
    case 'AlterObjectSchemaStmt': {
      const old = relationAt(fields['relation'], into);
      if (old !== undefined) return move(old, { ...old, schema: textOf(fields['newschema']) ?? '' }, into);
      return noteFunction(fields['object'], into);
    }
    case 'AlterTableStmt':
      if (listOf(fields['cmds']).some((command) => reshaping.has(unwrap(command)?.fields['subtype'])))
        noteColumns(relationAt(fields['relation'], into), into);
      return noteFamilies(fields, into);
    case 'CreateFunctionStmt':
      return noteFunctionName(nameParts(fields['funcname']).at(-1), into);
    case 'CreateForeignTableStmt':
      return into.moves({ kind: 'given', ...placeOf(fieldsOf(fields['base'])?.['relation'], into), view: false });
    case 'DefineStmt':
    case 'CreateCastStmt':
    case 'CreateExtensionStmt':
    case 'AlterExtensionStmt':
    case 'AlterExtensionContentsStmt':
    case 'ImportForeignSchemaStmt':
    case 'DropOwnedStmt':
      return into.moves({ kind: 'everything' });
    default:
  }
}

interface At {
  readonly schema: string;
  readonly name: string;
  readonly view: boolean;
}

const at = ({ schema, name, kind }: CatalogRelation): At => ({
  schema,
  name,
  view: kind === 'view' || kind === 'materialized',
});

/** A relation that is there, as far as anybody knows. */
function relationAt(relation: unknown, into: Collector): At | undefined {
  const fields = fieldsOf(relation);
  const name = textOf(fields?.['relname']);
  return name === undefined ? undefined : named(textOf(fields?.['schemaname']), name, into);
}

function named(schema: string | undefined, name: string, into: Collector): At {
  const found = into.resolver.relation(schema, name);
  return found.kind === 'known' ? at(found.relation) : { schema: found.schema, name, view: true };
}

const take = ({ schema, name }: At, into: Collector): void => into.moves({ kind: 'taken', schema, name });

function move(from: At, to: At, into: Collector): void {
  take(from, into);
  into.moves({ kind: 'given', ...to });
}

const functions: ReadonlySet<unknown> = new Set([
  'OBJECT_FUNCTION',
  'OBJECT_PROCEDURE',
  'OBJECT_ROUTINE',
  'OBJECT_AGGREGATE',
]);

const relations: ReadonlySet<unknown> = new Set([
  'OBJECT_TABLE',
  'OBJECT_VIEW',
  'OBJECT_MATVIEW',
  'OBJECT_FOREIGN_TABLE',
  'OBJECT_SEQUENCE',
  'OBJECT_INDEX',
]);

/** A function of another name needs `call` whether it is known or not. One of a built-in's name would be taken for that. */
function noteFunctionName(name: string | undefined, into: Collector): void {
  if (name !== undefined && isServersOwn(name)) into.moves({ kind: 'everything' });
}

function noteFunction(object: unknown, into: Collector): void {
  noteFunctionName(nameParts(unwrap(object)?.fields['objname']).at(-1), into);
}

function noteRename(fields: Fields, into: Collector): void {
  const { renameType, relation, subname, object } = fields;
  const newName = textOf(fields['newname']) ?? '';
  if (renameType === 'OBJECT_SCHEMA') {
    for (const each of into.resolver.index.relations.values())
      if (each.schema === subname) move(at(each), { ...at(each), schema: newName }, into);
    return;
  }
  if (functions.has(renameType)) {
    noteFunction(object, into);
    return noteFunctionName(newName, into);
  }
  const old = relationAt(relation, into);
  if (old === undefined) return;
  if (relations.has(renameType)) return move(old, { ...old, name: newName }, into);
  if (renameType !== 'OBJECT_COLUMN') return;
  // A view's columns are known by their names.
  if (old.view) into.moves({ kind: 'changed', schema: old.schema, name: old.name });
  else noteColumns(old, into);
}

const reshaping: ReadonlySet<unknown> = new Set(['AT_AddColumn', 'AT_DropColumn', 'AT_AlterColumnType']);

/** A bare name may be found elsewhere now, and what stands behind its columns in a list has another place. */
function noteColumns(table: At | undefined, into: Collector): void {
  if (table === undefined) return;
  const { relations: known } = into.resolver.index;
  const relation = known.get(`${table.schema}\0${table.name}`);
  const children = relation === undefined ? [] : descendantsOf(relation, into.resolver.index);
  for (const { schema, name } of [table, ...children]) into.moves({ kind: 'columns', schema, name });
}

function noteDrop(fields: Fields, into: Collector): void {
  const { removeType } = fields;
  // Views of what is dropped go with it.
  if (fields['behavior'] === 'DROP_CASCADE') into.moves({ kind: 'views' });
  for (const object of listOf(fields['objects'])) {
    const wrapped = unwrap(object);
    if (relations.has(removeType)) {
      const parts = nameParts(wrapped?.fields['items']);
      const old = named(parts.at(-2), parts.at(-1) ?? '', into);
      take(old, into);
      const found = into.resolver.relation(parts.at(-2), parts.at(-1) ?? '');
      if (found.kind === 'known')
        for (const child of descendantsOf(found.relation, into.resolver.index)) take(at(child), into);
    } else if (removeType === 'OBJECT_SCHEMA') {
      const schema = textOf(wrapped?.fields['sval']);
      for (const each of into.resolver.index.relations.values()) if (each.schema === schema) take(at(each), into);
    } else if (removeType === 'OBJECT_OPERATOR' || removeType === 'OBJECT_CAST' || removeType === 'OBJECT_EXTENSION')
      into.moves({ kind: 'everything' });
  }
}

/** ATTACH, DETACH and INHERIT change what reading a parent reads, and whose tags a child has. */
function noteFamilies(fields: Fields, into: Collector): void {
  const changed = new Map<string, At>();
  for (const command of listOf(fields['cmds'])) {
    const { subtype, def } = unwrap(command)?.fields ?? {};
    if (!['AT_AttachPartition', 'AT_DetachPartition', 'AT_AddInherit', 'AT_DropInherit'].includes(String(subtype)))
      continue;
    const partner = unwrap(def)?.fields;
    for (const relation of [fields['relation'], fieldsOf(partner?.['name']) ?? partner]) {
      const found = relationAt(relation, into);
      if (found !== undefined) changed.set(`${found.schema}\0${found.name}`, found);
    }
  }
  const { index } = into.resolver;
  for (const key of [...changed.keys()]) {
    const relation = index.relations.get(key);
    if (relation === undefined) continue;
    for (const each of [...ancestorsOf(relation, index), ...descendantsOf(relation, index)])
      changed.set(`${each.schema}\0${each.name}`, at(each));
  }
  for (const { schema, name } of changed.values()) into.moves({ kind: 'changed', schema, name });
}
