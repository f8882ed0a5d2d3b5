import { reachOf, reviewedFunctions } from './builtins.js';
import type { Collector } from './collector.js';
import type { Lineage } from './facts.js';
import { joinLineage, noLineage, unknownLineage } from './lineage.js';
import { fieldsOf, isFields, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import { readQuery } from './query.js';
import { expandStar, findColumn, reachOfScope } from './scope.js';
import type { Found, Scope } from './scope.js';

/** Kinds of expression nodes whose value is made from their children and nothing else. */
const composed: ReadonlySet<string> = new Set([
  'A_ArrayExpr',
  'A_Const',
  'A_Indices',
  'BitString',
  'Boolean',
  'BooleanTest',
  'CollateClause',
  'Float',
  'GroupingFunc',
  'Integer',
  'JsonFormat',
  'JsonKeyValue',
  'JsonOutput',
  'JsonReturning',
  'JsonValueExpr',
  'JsonArrayConstructor',
  'JsonObjectConstructor',
  'JsonScalarExpr',
  'JsonParseExpr',
  'JsonSerializeExpr',
  'JsonIsPredicate',
  'List',
  'MinMaxExpr',
  'NamedArgExpr',
  'NullTest',
  'ParamRef',
  'RowExpr',
  'SQLValueFunction',
  'SetToDefault',
  'String',
  'XmlExpr',
  'XmlSerialize',
]);

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
    case 'ColumnRef': {
      const found = readColumnReference(fields, scope);
      if (found.called !== undefined) noteCall([found.called], into);
      if (found.mayCall !== undefined && mayBeCall(found.mayCall, into)) noteCall([found.mayCall], into);
      return { lineage: found.lineage, verbatim: found.verbatim };
    }
    case 'A_Expr':
      checkOperator(fields['name'], into);
      if (fields['kind'] === 'AEXPR_NULLIF') into.filter(all([fields['lexpr'], fields['rexpr']]));
      return derived(all([fields['lexpr'], fields['rexpr']]));
    case 'BoolExpr':
      return derived(all(listOf(fields['args'])));
    case 'CoalesceExpr':
      return derived(all(listOf(fields['args'])));
    case 'TypeCast':
      return derived(lineage(fields['arg']));
    case 'A_Indirection': {
      // `(row).field`, `array[i]`: what the whole holds.
      const parts = listOf(fields['indirection']).filter(
        (part) => !['String', 'A_Star'].includes(unwrap(part)?.kind ?? ''),
      );
      const whole = lineage(fields['arg']);
      for (const part of listOf(fields['indirection'])) {
        const name = unwrap(part)?.kind === 'String' ? textOf(unwrap(part)?.fields['sval']) : undefined;
        // `(value).name` calls a function of that name where the value has no such field.
        if (name !== undefined && !whole.columns.some((column) => column.column === name)) noteCall([name], into);
      }
      return derived(joinLineage([whole, all(parts)]));
    }
    case 'CaseExpr': {
      const whens = listOf(fields['args']).map((when) => unwrap(when)?.fields ?? {});
      const tested = all([fields['arg'], ...whens.map((when) => when['expr'])]);
      into.filter(tested);
      return derived(joinLineage([tested, all([...whens.map((when) => when['result']), fields['defresult']])]));
    }
    case 'FuncCall':
      return derived(readCall(fields, scope, into));
    case 'SubLink':
      return derived(readSubLink(fields, scope, into));
    default:
      if (composed.has(kind)) return derived(readChildren(fields, scope, into));
      into.unknown(`${kind} is not modelled`);
      return derived(unknownLineage);
  }
}

function readChildren(fields: Fields, scope: Scope, into: Collector): Lineage {
  const parts: Lineage[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (inert.has(key)) continue;
    for (const each of Array.isArray(value) ? value : [value])
      if (isFields(each))
        parts.push(
          unwrap(each) === undefined ? readChildren(each, scope, into) : readExpression(each, scope, into).lineage,
        );
  }
  return joinLineage(parts);
}

function readColumnReference(fields: Fields, scope: Scope): Found {
  const parts = listOf(fields['fields']);
  const star = unwrap(parts.at(-1))?.kind === 'A_Star';
  if (!star) return findColumn(scope, nameParts(parts));
  // A star inside an expression (`count(*)` has none): all that it stands for.
  const columns = expandStar(scope, nameParts(parts));
  return {
    lineage: columns === undefined ? reachOfScope(scope) : joinLineage(columns.map(({ lineage }) => lineage)),
    verbatim: false,
  };
}

/** A name behind a row whose columns are not known: a call where such a function is known to be one. */
const mayBeCall = (name: string, into: Collector): boolean =>
  into.resolver.madeFunction(undefined, name) ||
  reachOf(name) !== undefined ||
  /^(pg_|lo_|txid_|nextval|setval|currval|query_|cursor_|table_to|schema_to|database_to)/.test(name);

/** An operator with a schema of its own may be anybody's. */
export function checkOperator(operator: unknown, into: Collector): void {
  const name = nameParts(operator);
  if (name.length > 1 && name[0] !== 'pg_catalog')
    into.effect('call', { kind: 'function', schema: name[0] ?? '', name: name.at(-1) ?? '' });
}

function readCall(fields: Fields, scope: Scope, into: Collector): Lineage {
  noteCall(nameParts(fields['funcname']), into);
  const lineage = (part: unknown): Lineage => readExpression(part, scope, into).lineage;
  const args = listOf(fields['args']).map(lineage);
  const order = listOf(fields['agg_order']).map((sort) => lineage(unwrap(sort)?.fields['node']));
  const filter = fields['agg_filter'] === undefined ? noLineage : lineage(fields['agg_filter']);
  for (const each of [...order, filter]) into.filter(each);
  if (fields['agg_distinct'] === true) for (const each of args) into.filter(each);
  const over = readWindow(fieldsOf(fields['over']), scope, into);
  return joinLineage([...args, ...order, filter, over]);
}

/** `WINDOW w AS (...)` or `OVER (...)`: what it orders and parts by shapes rows. */
export function readWindow(window: Fields | undefined, scope: Scope, into: Collector): Lineage {
  if (window === undefined) return noLineage;
  const lineage = (part: unknown): Lineage => readExpression(part, scope, into).lineage;
  const parts = joinLineage([
    ...listOf(window['partitionClause']).map(lineage),
    ...listOf(window['orderClause']).map((sort) => lineage(unwrap(sort)?.fields['node'])),
    ...[window['startOffset'], window['endOffset']].filter((part) => part !== undefined).map(lineage),
  ]);
  into.filter(parts);
  return parts;
}

/** A call is free when it is a reviewed built-in that nobody can have taken the place of. */
export function noteCall(parts: readonly string[], into: Collector): void {
  const name = parts.at(-1) ?? '';
  const schema = parts.length > 1 ? parts[0] : undefined;
  const reach = schema === undefined || schema === 'pg_catalog' ? reachOf(name) : undefined;
  if (reach !== undefined) return into.effect(reach, { kind: 'function', schema: 'pg_catalog', name });
  const isBuiltIn = (schema === undefined && !into.resolver.madeFunction(undefined, name)) || schema === 'pg_catalog';
  if (isBuiltIn && reviewedFunctions.has(name)) return;
  into.effect('call', { kind: 'function', schema: schema ?? (isBuiltIn ? 'pg_catalog' : 'public'), name });
}

function readSubLink(fields: Fields, scope: Scope, into: Collector): Lineage {
  checkOperator(fields['operName'], into);
  const inner = readQuery(fields['subselect'], { sources: [], ctes: scope.ctes, outer: scope }, into);
  const outputs = inner.columns === undefined ? inner.reach : joinLineage(inner.columns.map(({ lineage }) => lineage));
  const test = fields['testexpr'] === undefined ? noLineage : readExpression(fields['testexpr'], scope, into).lineage;
  const type = textOf(fields['subLinkType']);
  if (type !== 'EXPR_SUBLINK' && type !== 'ARRAY_SUBLINK') {
    into.filter(outputs);
    into.filter(test);
  }
  // EXISTS tells only that there are rows; its outputs flow nowhere.
  return type === 'EXISTS_SUBLINK' ? noLineage : joinLineage([outputs, test]);
}
