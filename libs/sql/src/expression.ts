import { plainTypes } from './builtin-tables.js';
import { noteCallExtent } from './call-extent.js';
import { mayBeCall, noteCall, noteOperator, noteOperatorNamed } from './calls.js';
import type { Call } from './calls.js';
import type { Collector } from './collector.js';
import {
  anyExtent,
  constantExtent,
  extentOf,
  joined,
  noteAppended,
  noteElements,
  noteGathered,
  noteJoined,
  quoted,
  small,
  storedText,
  widest,
} from './extent.js';
import type { Extent, Part } from './extent.js';
import type { Lineage } from './facts.js';
import { isAlwaysJson, readJsonAggregate } from './json.js';
import { joinLineage, noLineage, unknownLineage } from './lineage.js';
import { roleOf } from './node-kinds.js';
import { fieldsOf, isFields, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { resultsOfMade } from './made-results.js';
import { readQuery } from './query.js';
import type { QueryResult } from './query.js';
import { expandStar, findColumn, reachOfScope } from './scope.js';
import type { Found, ReadColumn, Scope } from './scope.js';
import { keptBy } from './session-values.js';
import { constantOf } from './setting.js';
import { isRange, isTest, isTotalArgument, isTotalOperator, totalCast } from './total.js';
import type { Others } from './total.js';

/** Children of a node that are names or types, never values. */
const inert: ReadonlySet<string> = new Set([
  'typeName',
  'name',
  'funcname',
  'collname',
  'location',
  'opclass',
  'typeMod',
]);

/** They give a number, a truth value or a short text. */
const plain: ReadonlySet<string> = new Set([
  'NullTest',
  'BooleanTest',
  'SQLValueFunction',
  'GroupingFunc',
  'MergeSupportFunc',
  'CurrentOfExpr',
  'SetToDefault',
]);

/** What flows into an expression. Everything that it does on the way (calls, subqueries) is collected. */
export function readExpression(node: unknown, scope: Scope, into: Collector): Found {
  const found = readNode(node, scope, into);
  into.spend(1 + found.lineage.columns.length);
  return found;
}

function readNode(node: unknown, scope: Scope, into: Collector): Found {
  const wrapped = unwrap(node);
  if (wrapped === undefined) {
    if (node === undefined || node === null) return { lineage: noLineage, verbatim: false };
    into.unknown('an expression of a form that is not modelled');
    return { lineage: unknownLineage, verbatim: false };
  }
  const { kind, fields } = wrapped;
  const lineage = (part: unknown): Lineage => readExpression(part, scope, into).lineage;
  const all = (parts: readonly unknown[]): Lineage => joinLineage(parts.map(lineage));
  const derived = (from: Lineage, extent?: Extent): Found => ({ lineage: from, verbatim: false, extent });
  const made = (parts: readonly Part[], extent: Extent): Found =>
    derived(joinLineage(parts.map((part) => part.lineage)), extent);
  const extents = (parts: readonly Part[]): readonly Extent[] => parts.map(({ extent }) => extent);
  switch (kind) {
    case 'ColumnRef':
      return readColumnReference(fields, scope, into);
    case 'A_Expr':
      return readOperation(fields, scope, into);
    case 'BoolExpr': {
      const parts = all(listOf(fields['args']));
      // AND and OR stop at the first answer: what stands behind it may fail, or not.
      if (fields['boolop'] !== 'NOT_EXPR') into.filter(parts);
      return derived(parts, small);
    }
    case 'CoalesceExpr':
    case 'MinMaxExpr': {
      const parts = readParts(listOf(fields['args']), scope, into);
      const extent = widest(extents(parts));
      return made(parts, kind === 'MinMaxExpr' ? { ...extent, telling: true } : extent);
    }
    case 'CollateClause': {
      const [part] = readParts([fields['arg']], scope, into);
      return derived(part?.lineage ?? noLineage, part?.extent);
    }
    case 'RowExpr': {
      const parts = readParts(listOf(fields['args']), scope, into);
      const extent = quoted(extents(parts));
      noteJoined(parts, extent, into);
      return made(parts, extent);
    }
    case 'A_ArrayExpr': {
      const parts = readParts(listOf(fields['elements']), scope, into);
      const extent = noteElements(parts, into);
      noteJoined(parts, extent, into);
      return made(parts, extent);
    }
    case 'TypeCast': {
      const type = noteType(fields['typeName'], into);
      const { lineage: from, ...measured } = readExpression(fields['arg'], scope, into);
      if (!totalCast(type)) into.filter(from);
      const { bytes, telling } = extentOf({ lineage: from, ...measured }, into.resolver.index);
      return derived(from, { bytes, telling, shape: plainTypes.has(type) ? 'scalar' : 'grid' });
    }
    // They fail on values that are no XML, no JSON, or no text for it.
    case 'XmlExpr':
    case 'JsonFuncExpr':
    case 'JsonParseExpr':
    case 'JsonIsPredicate':
    case 'JsonObjectConstructor': {
      const parts = readChildren(fields, scope, into);
      into.filter(parts);
      return derived(parts);
    }
    case 'A_Indirection':
      return readIndirection(fields, scope, into);
    case 'CaseExpr': {
      const whens = listOf(fields['args']).map((when) => unwrap(when)?.fields ?? {});
      const tested = all([fields['arg'], ...whens.map((when) => when['expr'])]);
      // CASE x WHEN y compares.
      const compared = fields['arg'] === undefined ? noLineage : noteOperatorNamed(['='], into);
      into.filter(joinLineage([tested, compared]));
      const results = readParts([...whens.map((when) => when['result']), fields['defresult']], scope, into);
      const lineages = results.map((result) => result.lineage);
      return derived(joinLineage([tested, compared, ...lineages]), widest(extents(results)));
    }
    case 'FuncCall':
      return readCall(fields, scope, into);
    case 'SubLink':
      return readSubLink(fields, scope, into);
    case 'JsonArrayConstructor':
    case 'JsonSerializeExpr': {
      const parts = readChildren(fields, scope, into);
      if (!isAlwaysJson(fields)) into.filter(parts);
      return derived(parts);
    }
    case 'JsonArrayAgg':
    case 'JsonObjectAgg':
      return derived(readJsonAggregate(fields, scope, into));
    case 'JsonArrayQueryConstructor': {
      const inner = readQuery(fields['query'], subqueryScope(scope), into);
      if (!isAlwaysJson(fields)) into.filter(inner.reach);
      return derived(inner.reach);
    }
    case 'A_Const':
      return derived(noLineage, constantExtent(fields));
    case 'ParamRef':
      return derived(noLineage, { ...storedText, shape: 'grid' });
    default:
      if (roleOf(kind) === 'parts') {
        const parts = readChildren(fields, scope, into);
        return derived(parts, plain.has(kind) ? small : undefined);
      }
      into.unknown(`${kind} is not modelled`);
      return derived(unknownLineage);
  }
}

const subqueryScope = (scope: Scope): Scope => ({ sources: [], ctes: scope.ctes, outer: scope });

/** Values of a type that the statement names: a cast that somebody wrote may run. Gives its bare name. */
function noteType(typeName: unknown, into: Collector): string {
  const fields = fieldsOf(typeName);
  const name = nameParts(fields?.['names']).at(-1) ?? '';
  for (const oid of into.resolver.index.typesNamed(name)) into.type(oid);
  return listOf(fields?.['arrayBounds']).length > 0 ? `${name}[]` : name;
}

export const readParts = (nodes: readonly unknown[], scope: Scope, into: Collector): readonly Part[] =>
  nodes.map((node) => {
    const found = readExpression(node, scope, into);
    return { node, lineage: found.lineage, extent: extentOf(found, into.resolver.index) };
  });

/** Operands, and what an operator that a user wrote may bring in beside them. */
function readOperation(fields: Fields, scope: Scope, into: Collector): Found {
  const parts = readParts([fields['lexpr'], fields['rexpr']], scope, into);
  const [left = noLineage, right = noLineage] = parts.map(({ lineage }) => lineage);
  const names = operatorsOf(fields);
  const made = joinLineage(names.map((name) => noteOperatorNamed(name, into)));
  const isTotal = fields['kind'] !== 'AEXPR_NULLIF' && names.every((name) => isTotalOperator(name.at(-1) ?? ''));
  if (!isTotal || made.columns.length > 0 || !made.complete) into.filter(joinLineage([left, right]));
  return { lineage: joinLineage([left, right, made]), verbatim: false, extent: extentOfOperation(names, parts, into) };
}

function extentOfOperation(
  names: readonly (readonly string[])[],
  parts: readonly Part[],
  into: Collector,
): Extent | undefined {
  const name = names[0]?.at(-1) ?? '';
  if (name !== '||') return isTest(name) ? small : undefined;
  const extent = joined(parts.map((part) => part.extent));
  noteJoined(parts, extent, into);
  noteAppended(parts, into);
  // A text without a type becomes what stands on the other side.
  const shapes = parts.filter(({ node }) => unwrap(node)?.kind !== 'A_Const').map((part) => part.extent.shape);
  return shapes.every((shape) => shape === 'scalar') ? { ...extent, shape: 'scalar' } : extent;
}

function operatorsOf(fields: Fields): readonly (readonly string[])[] {
  switch (fields['kind']) {
    case 'AEXPR_NULLIF':
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      return [['=']];
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return [['>='], ['<='], ['<'], ['>']];
    default:
      return [nameParts(fields['name'])];
  }
}

export function readChildren(fields: Fields, scope: Scope, into: Collector): Lineage {
  const parts: Lineage[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (inert.has(key)) continue;
    for (const each of Array.isArray(value) ? value : [value]) {
      if (!isFields(each)) continue;
      const wrapped = unwrap(each);
      // `xmlforest(a AS b)`: a value with a name.
      if (wrapped === undefined || wrapped.kind === 'ResTarget')
        parts.push(readChildren(wrapped?.fields ?? each, scope, into));
      else if (wrapped.kind === 'TypeName') noteType(wrapped.fields, into);
      else parts.push(readExpression(each, scope, into).lineage);
    }
  }
  return joinLineage(parts);
}

function readColumnReference(fields: Fields, scope: Scope, into: Collector): Found {
  const parts = listOf(fields['fields']);
  const names = nameParts(parts);
  const star = unwrap(parts.at(-1))?.kind === 'A_Star';
  if (star) {
    // A star inside an expression (`count(*)` has none): all that it stands for.
    const columns = expandStar(scope, names);
    const lineage = columns === undefined ? reachOfScope(scope) : joinLineage(columns.map((column) => column.lineage));
    return { lineage, verbatim: false, row: columns, extent: extentOfRow(columns, into) };
  }
  const read = findColumn(scope, names, into.spend);
  const found = read.row === undefined ? read : { ...read, extent: extentOfRow(read.row, into) };
  const name =
    found.called ?? (found.mayCall !== undefined && mayBeCall(found.mayCall, into) ? found.mayCall : undefined);
  if (name === undefined) return found;
  return { lineage: passed(name, noteCall([name], into), [found.lineage], 'constants', into), verbatim: false };
}

const extentOfRow = (columns: readonly ReadColumn[] | undefined, into: Collector): Extent | undefined =>
  columns && quoted(columns.map((column) => extentOf(column, into.resolver.index)));

/** What comes out of a call that is given these. Where it may fail on a value, it tells of it. */
function passed(name: string, call: Call, given: readonly Lineage[], others: Others, into: Collector): Lineage {
  given.forEach((each, at) => {
    if (call.stores) into.copy(each);
    const total = call.reviewed && isTotalArgument(name, at, others) && !(bounds.has(name) && ofRange(each, into));
    if (!total) into.filter(each);
  });
  return joinLineage([call.result, ...given]);
}

/** `(row).field`: the column where the row's are known. `array[i]` and other fields: what the whole holds. */
function readIndirection(fields: Fields, scope: Scope, into: Collector): Found {
  let found = readExpression(fields['arg'], scope, into);
  for (const part of listOf(fields['indirection'])) {
    const wrapped = unwrap(part);
    // `(row).*` in an expression is the row.
    if (wrapped?.kind === 'A_Star') continue;
    if (wrapped?.kind === 'String') {
      found = readField(found, textOf(wrapped.fields['sval']) ?? '', into);
      continue;
    }
    const lineage = joinLineage([found.lineage, readExpression(part, scope, into).lineage]);
    // There may be no such element.
    const isSlice = wrapped?.fields['is_slice'] === true;
    if (!isSlice) into.filter(lineage);
    found = { lineage, verbatim: false, extent: isSlice ? { ...storedText, telling: true, shape: 'list' } : undefined };
  }
  return found;
}

function readField({ lineage, row }: Found, name: string, into: Collector): Found {
  const columns = row?.filter((column) => column.name === name) ?? [];
  const [only] = columns;
  if (only !== undefined) return columns.length === 1 ? only : { lineage, verbatim: false };
  // `(value).name` calls a function of that name where the value has no such field.
  const isField = row === undefined && into.resolver.index.fields.has(name) && !mayBeCall(name, into);
  if (isField) return { lineage, verbatim: false };
  return { lineage: passed(name, noteCall([name], into), [lineage], 'constants', into), verbatim: false };
}

function readCall(fields: Fields, scope: Scope, into: Collector): Found {
  const name = nameParts(fields['funcname']);
  const call = noteCall(name, into);
  const parts = readParts(listOf(fields['args']), scope, into);
  const args = parts.map(({ lineage }) => lineage);
  const lineage = (part: unknown): Lineage => readExpression(part, scope, into).lineage;
  const order = listOf(fields['agg_order']).map((sort) => readSort(sort, scope, into));
  const filter = fields['agg_filter'] === undefined ? noLineage : lineage(fields['agg_filter']);
  for (const each of [...order, filter]) into.filter(each);
  // How many there are in a list decides whether it fits.
  if (fields['agg_distinct'] === true || fields['func_variadic'] === true) for (const each of args) into.filter(each);
  const over = readWindow(fieldsOf(fields['over']), scope, into);
  const last = name.at(-1) ?? '';
  const result = joinLineage([
    keptBy(last, constantOf(listOf(fields['args'])[0])),
    passed(last, call, args, othersOf(listOf(fields['args']).slice(1)), into),
  ]);
  const all = joinLineage([result, ...order, filter, over]);
  return {
    lineage: all,
    verbatim: false,
    row: rowOfCall(name, all, into),
    extent: call.reviewed ? noteCallExtent(last, parts, into) : undefined,
  };
}

/** `(f(1)).email`, `(f(1)).*`: a user's function may give a row. */
function rowOfCall(parts: readonly string[], lineage: Lineage, into: Collector): readonly ReadColumn[] | undefined {
  const made = into.resolver.madeFunctions(parts.length > 1 ? parts.at(-2) : undefined, parts.at(-1) ?? '');
  const given = made.length === 0 || parts.length > 2 ? undefined : resultsOfMade(made, parts, into.resolver);
  return given?.kind === 'row' ? given.names.map((name) => ({ name, lineage, verbatim: false })) : undefined;
}

const bounds: ReadonlySet<string> = new Set(['lower', 'upper']);

const ofRange = ({ columns }: Lineage, { resolver: { index } }: Collector): boolean =>
  columns.some(({ schema, table, column }) => {
    const found = index.relations.get(`${schema}\0${table}`)?.columns.find(({ name }) => name === column);
    return found !== undefined && isRange(found.type);
  });

const othersOf = (args: readonly unknown[]): Others => {
  if (!args.every(isConstant)) return 'anything';
  return args.every((arg) => fieldsOf(unwrap(arg)?.fields['ival']) !== undefined) ? 'numbers' : 'constants';
};

const isConstant = (node: unknown): boolean => {
  const wrapped = unwrap(node);
  return wrapped?.kind === 'TypeCast'
    ? isConstant(wrapped.fields['arg'])
    : wrapped?.kind === 'A_Const' || wrapped?.kind === 'ParamRef';
};

/** One element of ORDER BY. */
export function readSort(sort: unknown, scope: Scope, into: Collector): Lineage {
  const fields = unwrap(sort)?.fields ?? {};
  return joinLineage([noteOperator(fields['useOp'], into), readExpression(fields['node'], scope, into).lineage]);
}

/** `WINDOW w AS (...)`, `OVER (...)` or `OVER w`: what it orders and parts by shapes rows. */
export function readWindow(window: Fields | undefined, scope: Scope, into: Collector): Lineage {
  if (window === undefined) return noLineage;
  const lineage = (part: unknown): Lineage => readExpression(part, scope, into).lineage;
  const named = [window['name'], window['refname']].map((name) => scope.windows?.get(textOf(name) ?? ''));
  const parts = joinLineage([
    ...named.filter((each) => each !== undefined),
    ...listOf(window['partitionClause']).map(lineage),
    ...listOf(window['orderClause']).map((sort) => readSort(sort, scope, into)),
    ...[window['startOffset'], window['endOffset']].filter((part) => part !== undefined).map(lineage),
  ]);
  into.filter(parts);
  return parts;
}

function readSubLink(fields: Fields, scope: Scope, into: Collector): Found {
  const type = textOf(fields['subLinkType']);
  const isValue = type === 'EXPR_SUBLINK' || type === 'ARRAY_SUBLINK';
  const compared =
    fields['operName'] === undefined && type === 'ANY_SUBLINK'
      ? noteOperatorNamed(['='], into)
      : noteOperator(fields['operName'], into);
  const inner = readQuery(fields['subselect'], subqueryScope(scope), into);
  if (inner.columns !== undefined) into.subqueries.set(fields, inner.columns);
  const outputs = inner.columns === undefined ? inner.reach : joinLineage(inner.columns.map(({ lineage }) => lineage));
  const test = fields['testexpr'] === undefined ? noLineage : readExpression(fields['testexpr'], scope, into).lineage;
  // EXISTS tells only that there are rows; its outputs flow nowhere.
  if (type === 'EXISTS_SUBLINK') return { lineage: noLineage, verbatim: false, extent: small };
  const result = joinLineage([outputs, test, compared]);
  if (!isValue) into.filter(result);
  return { lineage: result, verbatim: false, extent: isValue ? extentOfQuery(type, inner, into) : small };
}

function extentOfQuery(type: string, { columns, reach }: QueryResult, into: Collector): Extent | undefined {
  const [column] = columns ?? [];
  const extent = column === undefined ? anyExtent : extentOf(column, into.resolver.index);
  if (type === 'EXPR_SUBLINK') return extent;
  const part = { node: undefined, lineage: column?.lineage ?? reach, extent };
  return { ...noteGathered([part], into), shape: noteElements([part], into).shape };
}
