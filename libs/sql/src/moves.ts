import type { Collector } from './collector.js';
import { fieldsOf, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { ancestorsOf, descendantsOf } from './views.js';

/** Names that a definition gives, takes away or gives to something else. Until the catalog is read again, it is wrong about them. */
export function noteMoves(kind: string, fields: Fields, into: Collector): void {
  const relation = (name: string | undefined): void => {
    if (name !== undefined) into.moves({ kind: 'relation', name });
  };
  const own = textOf(fieldsOf(fields['relation'])?.['relname']);
  switch (kind) {
    case 'DropStmt':
      return noteDrop(fields, into);
    case 'RenameStmt': {
      const newName = textOf(fields['newname']);
      if (fields['renameType'] === 'OBJECT_SCHEMA') {
        into.moves({ kind: 'schema', name: textOf(fields['subname']) ?? '' });
        return into.moves({ kind: 'schema', name: newName ?? '' });
      }
      if (functions.has(fields['renameType'])) return noteFunction(fields['object'], newName, into);
      // A column keeps its relation's name, but a view's columns are known by theirs.
      relation(own);
      if (fields['renameType'] !== 'OBJECT_COLUMN' && own !== undefined) relation(newName);
      return;
    }
    case 'AlterObjectSchemaStmt':
      if (own !== undefined) return relation(own);
      return functions.has(fields['objectType']) ? noteFunction(fields['object'], undefined, into) : everything(into);
    case 'AlterTableStmt':
      return noteFamilies(fields, own, into);
    case 'CreateFunctionStmt':
      return into.moves({ kind: 'function', name: nameParts(fields['funcname']).at(-1) ?? '' });
    case 'CreateForeignTableStmt':
      return relation(textOf(fieldsOf(fieldsOf(fields['base'])?.['relation'])?.['relname']));
    case 'DefineStmt':
    case 'CreateCastStmt':
    case 'CreateExtensionStmt':
    case 'AlterExtensionStmt':
    case 'AlterExtensionContentsStmt':
    case 'ImportForeignSchemaStmt':
    case 'DropOwnedStmt':
      return everything(into);
    default:
  }
}

const everything = (into: Collector): void => into.moves({ kind: 'everything' });

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

function noteFunction(object: unknown, newName: string | undefined, into: Collector): void {
  const name = nameParts(unwrap(object)?.fields['objname']).at(-1);
  for (const each of [name, newName]) if (each !== undefined) into.moves({ kind: 'function', name: each });
}

function noteDrop(fields: Fields, into: Collector): void {
  const { removeType } = fields;
  const objects = listOf(fields['objects']);
  // What else goes is nowhere to be read.
  if (fields['behavior'] === 'DROP_CASCADE') return everything(into);
  if (relations.has(removeType))
    for (const object of objects)
      into.moves({ kind: 'relation', name: nameParts(unwrap(object)?.fields['items']).at(-1) ?? '' });
  else if (functions.has(removeType)) for (const object of objects) noteFunction(object, undefined, into);
  else if (removeType === 'OBJECT_SCHEMA')
    for (const object of objects) into.moves({ kind: 'schema', name: textOf(unwrap(object)?.fields['sval']) ?? '' });
}

/** ATTACH, DETACH and INHERIT change what reading a parent reads, and whose tags a child has. */
function noteFamilies(fields: Fields, own: string | undefined, into: Collector): void {
  const names = new Set<string>();
  for (const command of listOf(fields['cmds'])) {
    const { subtype, def } = unwrap(command)?.fields ?? {};
    if (!['AT_AttachPartition', 'AT_DetachPartition', 'AT_AddInherit', 'AT_DropInherit'].includes(String(subtype)))
      continue;
    const partner = unwrap(def)?.fields;
    const other = textOf(partner?.['relname']) ?? textOf(fieldsOf(partner?.['name'])?.['relname']);
    for (const name of [own, other]) if (name !== undefined) names.add(name);
  }
  if (names.size === 0) return;
  const { index } = into.resolver;
  // Their ancestors and children too, by whatever schema.
  const families = [...index.relations.values()]
    .filter((relation) => names.has(relation.name))
    .flatMap((relation) => [...ancestorsOf(relation, index), ...descendantsOf(relation, index)]);
  for (const { name } of families) names.add(name);
  for (const name of names) into.moves({ kind: 'relation', name });
}
