import type { Collector } from './collector.js';
import type { SessionEffect } from './facts.js';
import { fieldsOf, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { changesMeaning, settingEffect } from './settings.js';

/** SET, RESET and their kin. */
export function readSet(fields: Fields, into: Collector): { readonly kind: string; readonly session?: SessionEffect } {
  const name = textOf(fields['name']) ?? '';
  const local = fields['is_local'] === true;
  const args = listOf(fields['args']);
  switch (fields['kind']) {
    case 'VAR_SET_VALUE': {
      const values = args.map(constantOf);
      const isList = name.toLowerCase() === 'search_path';
      // Each argument is one name, whatever is in it: `SET search_path = 'a, b'` looks into one schema.
      const value = values.every((each) => each !== undefined)
        ? values.map((each) => (isList ? quoted(each) : each)).join(', ')
        : undefined;
      noteSetting(name, value, into);
      if (value === undefined) into.unknown('SET to something that is no constant');
      return { kind: 'set', session: { kind: 'set', name: name.toLowerCase(), value, local } };
    }
    case 'VAR_SET_DEFAULT':
    case 'VAR_RESET':
      noteSetting(name, undefined, into);
      return { kind: 'reset', session: { kind: 'reset', name: name.toLowerCase() } };
    case 'VAR_RESET_ALL':
      return { kind: 'reset all', session: { kind: 'reset', name: undefined } };
    case 'VAR_SET_MULTI':
      // A snapshot is what REPEATABLE READ sees since another session's start: policy is the same for it.
      if (['TRANSACTION', 'SESSION CHARACTERISTICS', 'TRANSACTION SNAPSHOT'].includes(name))
        return { kind: 'set transaction' };
      into.unknown(`SET ${name} is not modelled`);
      return { kind: 'set' };
    default:
      into.unknown('this form of SET is not modelled');
      return { kind: 'set' };
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What bare names are looked up by, and how texts are read: nothing can be decided where these are not known. */
const naming: ReadonlySet<string> = new Set([
  'search_path',
  'role',
  'session_authorization',
  'client_encoding',
  'standard_conforming_strings',
]);

/**
 * set_config(name, value, is_local) does what SET does. One that moves what texts mean is followed where it stands alone, as
 * `SELECT set_config(...)`, and refused elsewhere.
 */
export function readConfigured(statement: unknown, into: Collector): SessionEffect | undefined {
  const calls = callsIn(statement);
  if (calls.length === 0) return undefined;
  const alone = onlyOutputs(statement);
  const sessions: SessionEffect[] = [];
  for (const call of calls) {
    const args = listOf(call['args']);
    const [constant, value, local] = args.map(constantOf);
    const name = constant ?? selectedSetting(statement, call, into);
    if (name === undefined || args.some((arg) => unwrap(arg)?.kind === 'NamedArgExpr')) {
      into.unknown('set_config of a name that is no constant');
      continue;
    }
    const lower = name.toLowerCase();
    noteSetting(lower, value, into);
    if (!changesMeaning(lower)) continue;
    const isLocal = local === undefined ? undefined : /^(on|t|true|1|yes)$/i.test(local);
    if ((value === undefined && naming.has(lower)) || isLocal === undefined || !alone.has(call)) {
      into.unknown(`set_config of ${lower} in a form that is not followed`);
      continue;
    }
    sessions.push({
      kind: 'set',
      name: lower,
      value,
      local: isLocal,
      ...(value === undefined ? { unseen: true } : {}),
    });
  }
  if (sessions.length > 1) into.unknown('several settings are changed by one SELECT');
  return sessions[0];
}

/**
 * `SELECT set_config(name, ...) FROM pg_settings WHERE name = '...'` sets that one, where the server has it. Of any other form
 * it is not certain which.
 */
function selectedSetting(statement: unknown, call: Fields, into: Collector): string | undefined {
  const select = unwrap(statement);
  const { targetList, fromClause, whereClause, limitOption: _limit, op, ...rest } = select?.fields ?? {};
  if (select?.kind !== 'SelectStmt' || op !== 'SETOP_NONE' || Object.keys(rest).length > 0) return undefined;
  const [target, ...targets] = listOf(targetList);
  const value = unwrap(unwrap(target)?.fields['val']);
  if (targets.length > 0 || value?.fields !== call || !isName(listOf(call['args'])[0])) return undefined;
  const [from, ...more] = listOf(fromClause);
  const table = unwrap(from);
  if (more.length > 0 || table?.kind !== 'RangeVar' || table.fields['alias'] !== undefined) return undefined;
  const { resolver } = into;
  const relation = resolver.relation(textOf(table.fields['schemaname']), textOf(table.fields['relname']) ?? '');
  if (relation.kind !== 'system' || relation.schema !== 'pg_catalog' || relation.name !== 'pg_settings')
    return undefined;
  const where = unwrap(whereClause);
  if (where?.kind !== 'A_Expr' || where.fields['kind'] !== 'AEXPR_OP' || !isName(where.fields['lexpr']))
    return undefined;
  const operator = nameParts(where.fields['name']);
  if (operator.length !== 1 || operator[0] !== '=' || resolver.madeOperators(undefined, '=').length > 0)
    return undefined;
  return constantOf(where.fields['rexpr']);
}

const isName = (node: unknown): boolean => {
  const column = unwrap(node);
  const parts = column?.kind === 'ColumnRef' ? nameParts(column.fields['fields']) : [];
  return parts.length === 1 && parts[0] === 'name';
};

/** Calls of set_config anywhere below. */
export function callsIn(root: unknown): readonly Fields[] {
  const found: Fields[] = [];
  const open: unknown[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    if (Array.isArray(node)) {
      for (const each of node) open.push(each);
      continue;
    }
    const call = 'FuncCall' in node ? unwrap(node)?.fields : undefined;
    if (nameParts(call?.['funcname']).at(-1) === 'set_config' && call !== undefined) found.push(call);
    for (const key in node) {
      const each = (node as Fields)[key];
      if (typeof each === 'object' && each !== null) open.push(each);
    }
  }
  return found;
}

/** Calls that are outputs of a SELECT of nothing else: they run once, and in any case. */
function onlyOutputs(statement: unknown): ReadonlySet<Fields> {
  const { targetList, limitOption: _limit, op, ...rest } = unwrap(statement)?.fields ?? {};
  if (unwrap(statement)?.kind !== 'SelectStmt' || op !== 'SETOP_NONE' || Object.keys(rest).length > 0) return new Set();
  return new Set(
    listOf(targetList).flatMap((target) => {
      const value = unwrap(unwrap(target)?.fields['val']);
      return value?.kind === 'FuncCall' ? [value.fields] : [];
    }),
  );
}

function noteSetting(name: string, value: string | undefined, into: Collector): void {
  switch (settingEffect(name, value)) {
    case 'free':
      return;
    case 'role':
      return into.effect('set_role', { kind: 'database' });
    case 'configure':
      return into.effect('configure', { kind: 'database' });
  }
}

export function constantOf(node: unknown): string | undefined {
  const wrapped = unwrap(node);
  if (wrapped?.kind === 'TypeCast') return constantOf(wrapped.fields['arg']);
  if (wrapped?.kind !== 'A_Const') return undefined;
  const { sval, ival, fval, boolval } = wrapped.fields;
  if (sval !== undefined) return textOf(fieldsOf(sval)?.['sval']) ?? '';
  if (ival !== undefined) return String(fieldsOf(ival)?.['ival'] ?? 0);
  if (fval !== undefined) return textOf(fieldsOf(fval)?.['fval']);
  if (boolval !== undefined) return fieldsOf(boolval)?.['boolval'] === true ? 'on' : 'off';
  return undefined;
}
