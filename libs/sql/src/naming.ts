import type { OutputColumn } from './facts.js';
import { fieldsOf, nameParts, textOf, unwrap } from './node.js';

type Subqueries = Pick<WeakMap<object, readonly OutputColumn[]>, 'get'>;

/**
 * The name that PostgreSQL gives to an output without AS (FigureColname, parse_target.c). It must be the server's own: an
 * outer query that finds no column of its name here would be looked up elsewhere.
 */
export const outputName = (node: unknown, subqueries: Subqueries): string =>
  figure(node, subqueries).name ?? '?column?';

/** `strength` 2: a good name; 1: taken where an inner part gives none that is better. */
interface Figured {
  readonly name?: string | undefined;
  readonly strength: 0 | 1 | 2;
}

const none: Figured = { strength: 0 };
const good = (name: string | undefined): Figured => (name === undefined ? none : { name, strength: 2 });

const fixed: Readonly<Record<string, string>> = {
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

function figure(node: unknown, subqueries: Subqueries): Figured {
  const wrapped = unwrap(node);
  if (wrapped === undefined) return none;
  const { kind, fields } = wrapped;
  if (Object.hasOwn(fixed, kind)) return good(fixed[kind]);
  switch (kind) {
    case 'ColumnRef':
      return good(nameParts(fields['fields']).at(-1));
    case 'A_Indirection': {
      const field = good(nameParts(fields['indirection']).at(-1));
      return field.strength > 0 ? field : figure(fields['arg'], subqueries);
    }
    case 'FuncCall':
      return good(nameParts(fields['funcname']).at(-1));
    case 'A_Expr':
      return fields['kind'] === 'AEXPR_NULLIF' ? good('nullif') : none;
    case 'TypeCast': {
      const inner = figure(fields['arg'], subqueries);
      const type = nameParts(fieldsOf(fields['typeName'])?.['names']).at(-1);
      return inner.strength <= 1 && type !== undefined ? { name: type, strength: 1 } : inner;
    }
    case 'CollateClause':
      return figure(fields['arg'], subqueries);
    case 'SubLink':
      return ofSubLink(fields, subqueries);
    case 'CaseExpr': {
      const inner = figure(fields['defresult'], subqueries);
      return inner.strength <= 1 ? { name: 'case', strength: 1 } : inner;
    }
    case 'MinMaxExpr':
      return good(fields['op'] === 'IS_LEAST' ? 'least' : 'greatest');
    case 'SQLValueFunction':
      return good(valueFunctions[textOf(fields['op']) ?? '']);
    case 'XmlExpr':
      return good(xmlNames[textOf(fields['op']) ?? '']);
    case 'JsonFuncExpr':
      return good(jsonNames[textOf(fields['op']) ?? '']);
    default:
      return none;
  }
}

function ofSubLink(fields: object & Readonly<Record<string, unknown>>, subqueries: Subqueries): Figured {
  switch (fields['subLinkType']) {
    case 'EXISTS_SUBLINK':
      return good('exists');
    case 'ARRAY_SUBLINK':
      return good('array');
    case 'EXPR_SUBLINK':
      return good(subqueries.get(fields)?.[0]?.name);
    default:
      return none;
  }
}

const valueFunctions: Readonly<Record<string, string>> = {
  SVFOP_CURRENT_DATE: 'current_date',
  SVFOP_CURRENT_TIME: 'current_time',
  SVFOP_CURRENT_TIME_N: 'current_time',
  SVFOP_CURRENT_TIMESTAMP: 'current_timestamp',
  SVFOP_CURRENT_TIMESTAMP_N: 'current_timestamp',
  SVFOP_LOCALTIME: 'localtime',
  SVFOP_LOCALTIME_N: 'localtime',
  SVFOP_LOCALTIMESTAMP: 'localtimestamp',
  SVFOP_LOCALTIMESTAMP_N: 'localtimestamp',
  SVFOP_CURRENT_ROLE: 'current_role',
  SVFOP_CURRENT_USER: 'current_user',
  SVFOP_USER: 'user',
  SVFOP_SESSION_USER: 'session_user',
  SVFOP_CURRENT_CATALOG: 'current_catalog',
  SVFOP_CURRENT_SCHEMA: 'current_schema',
};
const xmlNames: Readonly<Record<string, string>> = {
  IS_XMLCONCAT: 'xmlconcat',
  IS_XMLELEMENT: 'xmlelement',
  IS_XMLFOREST: 'xmlforest',
  IS_XMLPARSE: 'xmlparse',
  IS_XMLPI: 'xmlpi',
  IS_XMLROOT: 'xmlroot',
  IS_XMLSERIALIZE: 'xmlserialize',
};
const jsonNames: Readonly<Record<string, string>> = {
  JSON_EXISTS_OP: 'json_exists',
  JSON_QUERY_OP: 'json_query',
  JSON_VALUE_OP: 'json_value',
};
