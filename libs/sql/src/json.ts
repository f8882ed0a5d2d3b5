import type { Collector } from './collector.js';
import { readExpression, readParts, readSort, readWindow } from './expression.js';
import { noteGathered } from './extent.js';
import type { Lineage } from './facts.js';
import { joinLineage, noLineage } from './lineage.js';
import { fieldsOf, isFields, listOf, nameParts } from './node.js';
import type { Fields } from './node.js';
import type { Scope } from './scope.js';

/** JSON_ARRAYAGG and JSON_OBJECTAGG. */
export function readJsonAggregate(fields: Fields, scope: Scope, into: Collector): Lineage {
  const { constructor: head, ...values } = fields as Fields & { readonly constructor?: unknown };
  const about = fieldsOf(head) ?? {};
  const order = listOf(about['agg_order']).map((sort) => readSort(sort, scope, into));
  const filter =
    about['agg_filter'] === undefined ? noLineage : readExpression(about['agg_filter'], scope, into).lineage;
  for (const each of [...order, filter]) into.filter(each);
  const over = readWindow(fieldsOf(about['over']), scope, into);
  const value = fieldsOf(values['arg']) ?? {};
  const nodes = [value['raw_expr'], value['key'], fieldsOf(value['value'])?.['raw_expr']];
  const parts = readParts(
    nodes.filter((node) => node !== undefined),
    scope,
    into,
  );
  noteGathered(parts, into);
  const from = joinLineage(parts.map(({ lineage }) => lineage));
  if (!isAlwaysJson({ ...values, ...about })) into.filter(from);
  return joinLineage([from, ...order, filter, over]);
}

/**
 * Nothing in it is taken for JSON that it may not be (FORMAT JSON), is too long for the type that is asked for (RETURNING
 * varchar(5)), or must not come twice (WITH UNIQUE KEYS).
 */
export function isAlwaysJson(fields: Fields): boolean {
  const type = fieldsOf(fieldsOf(fields['output'])?.['typeName']);
  const names = nameParts(type?.['names']);
  const isOwn = names.length === 1 || (names.length === 2 && names[0] === 'pg_catalog');
  const isRoomy = type === undefined || (isOwn && roomy.has(names.at(-1) ?? '') && type['typmods'] === undefined);
  return isRoomy && fields['unique'] !== true && !hasFormat(fields);
}

const roomy: ReadonlySet<string> = new Set(['text', 'json', 'jsonb', 'bytea']);

function hasFormat(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(hasFormat);
  if (!isFields(node)) return false;
  if (fieldsOf(node['format'])?.['format_type'] === 'JS_FORMAT_JSON') return true;
  return ['exprs', 'expr', 'arg', 'value', 'JsonValueExpr', 'JsonKeyValue'].some((part) => hasFormat(node[part]));
}
