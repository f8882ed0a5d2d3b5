import { mayBeCall, noteCall, noteOperator, noteOperatorNamed } from './calls.js';
import type { Call } from './calls.js';
import type { Collector } from './collector.js';
import type { Lineage } from './facts.js';
import { joinLineage, noLineage, unknownLineage } from './lineage.js';
import { fieldsOf, isFields, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { roleOf } from './node-kinds.js';
import { keptBy } from './session-values.js';
import { constantOf } from './setting.js';
import { readQuery } from './query.js';
import { expandStar, findColumn, reachOfScope } from './scope.js';
import type { Found, Scope } from './scope.js';
import { isRange, isTotalArgument, totalCast, totalOperands } from './total.js';
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
  const derived = (from: Lineage): Found => ({ lineage: from, verbatim: false });
  switch (kind) {
    case 'ColumnRef':
      return readColumnReference(fields, scope, into);
    case 'A_Expr':
      return derived(readOperation(fields, scope, into));
    case 'BoolExpr': {
      const parts = all(listOf(fields['args']));
      // AND and OR stop at the first answer: what stands behind it may fail, or not.
      if (fields['boolop'] !== 'NOT_EXPR') into.filter(parts);
      return derived(parts);
    }
    case 'CoalesceExpr':
      return derived(all(listOf(fields['args'])));
    case 'TypeCast': {
      const type = noteType(fields['typeName'], into);
      const from = lineage(fields['arg']);
      if (!totalCast(type)) into.filter(from);
      return derived(from);
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
      return derived(
        joinLineage([tested, compared, all([...whens.map((when) => when['result']), fields['defresult']])]),
      );
    }
    case 'FuncCall':
      return derived(readCall(fields, scope, into));
    case 'SubLink':
      return derived(readSubLink(fields, scope, into));
    case 'JsonArrayAgg':
    case 'JsonObjectAgg':
      return derived(readJsonAggregate(fields, scope, into));
    case 'JsonArrayQueryConstructor': {
      const inner = readQuery(fields['query'], subqueryScope(scope), into);
      return derived(inner.reach);
    }
    default:
      if (roleOf(kind) === 'parts') return derived(readChildren(fields, scope, into));
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

/** Operands, and what an operator that a user wrote may bring in beside them. */
function readOperation(fields: Fields, scope: Scope, into: Collector): Lineage {
  const left = readExpression(fields['lexpr'], scope, into).lineage;
  const right = readExpression(fields['rexpr'], scope, into).lineage;
  const names = operatorsOf(fields);
  const made = joinLineage(names.map((name) => noteOperatorNamed(name, into)));
  const total = names.map((name) => totalOperands(name.at(-1) ?? ''));
  const isNullIf = fields['kind'] === 'AEXPR_NULLIF';
  if (isNullIf || made.columns.length > 0 || !made.complete || total.includes('none')) into.filter(left);
  if (isNullIf || !made.complete || total.some((each) => each !== 'both')) into.filter(right);
  return joinLineage([left, right, made]);
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
    return { lineage, verbatim: false, row: columns };
  }
  const found = findColumn(scope, names, into.spend);
  const name =
    found.called ?? (found.mayCall !== undefined && mayBeCall(found.mayCall, into) ? found.mayCall : undefined);
  if (name === undefined) return found;
  return { lineage: passed(name, noteCall([name], into), [found.lineage], 'constants', into), verbatim: false };
}

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
    if (wrapped?.fields['is_slice'] !== true) into.filter(lineage);
    found = { lineage, verbatim: false };
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

function readCall(fields: Fields, scope: Scope, into: Collector): Lineage {
  const name = nameParts(fields['funcname']);
  const call = noteCall(name, into);
  const lineage = (part: unknown): Lineage => readExpression(part, scope, into).lineage;
  const args = listOf(fields['args']).map(lineage);
  const order = listOf(fields['agg_order']).map((sort) => readSort(sort, scope, into));
  const filter = fields['agg_filter'] === undefined ? noLineage : lineage(fields['agg_filter']);
  for (const each of [...order, filter]) into.filter(each);
  if (fields['agg_distinct'] === true) for (const each of args) into.filter(each);
  const over = readWindow(fieldsOf(fields['over']), scope, into);
  const last = name.at(-1) ?? '';
  return joinLineage([
    keptBy(last, constantOf(listOf(fields['args'])[0])),
    passed(last, call, args, othersOf(listOf(fields['args']).slice(1)), into),
    ...order,
    filter,
    over,
  ]);
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

function readJsonAggregate(fields: Fields, scope: Scope, into: Collector): Lineage {
  const { constructor: head, ...values } = fields as Fields & { readonly constructor?: unknown };
  const about = fieldsOf(head) ?? {};
  const order = listOf(about['agg_order']).map((sort) => readSort(sort, scope, into));
  const filter =
    about['agg_filter'] === undefined ? noLineage : readExpression(about['agg_filter'], scope, into).lineage;
  for (const each of [...order, filter]) into.filter(each);
  const over = readWindow(fieldsOf(about['over']), scope, into);
  return joinLineage([readChildren(values, scope, into), ...order, filter, over]);
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

function readSubLink(fields: Fields, scope: Scope, into: Collector): Lineage {
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
  if (type === 'EXISTS_SUBLINK') return noLineage;
  const result = joinLineage([outputs, test, compared]);
  if (!isValue) into.filter(result);
  return result;
}
