import { firstUserOid } from '../carrier.js';
import type { TypeLookup } from '../carrier.js';
import type { NumberType } from './number.js';

/** What a type that carries no text of its own may hold, for the net. */
export type NetKind =
  | { readonly is: 'nothing' }
  | { readonly is: 'number'; readonly type: NumberType }
  | { readonly is: 'bytea' }
  /** Not a text by its type, but printed and sent with texts inside. */
  | { readonly is: 'text' }
  | { readonly is: 'array'; readonly of: NetKind }
  | { readonly is: 'record' };

const nothing: NetKind = { is: 'nothing' };
const text: NetKind = { is: 'text' };
const bytea: NetKind = { is: 'bytea' };
const record: NetKind = { is: 'record' };
const number = (type: NumberType): NetKind => ({ is: 'number', type });
const arrayOf = (of: NetKind): NetKind => ({ is: 'array', of });

/** OIDs are fixed for built-in types (pg_type.dat). */
const builtIn: ReadonlyMap<number, NetKind> = new Map<number, NetKind>([
  [20, number('int8')],
  [1700, number('numeric')],
  [701, number('float8')],
  [17, bytea],
  [1016, arrayOf(number('int8'))],
  [1231, arrayOf(number('numeric'))],
  [1022, arrayOf(number('float8'))],
  [1001, arrayOf(bytea)],
  [2249, record],
  [2287, arrayOf(record)],
  // text, varchar, bpchar, name, cstring, json, jsonb, xml: themselves inside of records, and in arrays.
  ...[25, 1043, 1042, 19, 705, 2275, 114, 3802, 142].map((oid) => [oid, text] as const),
  ...[1009, 1015, 1014, 1003, 1263, 199, 3807, 143].map((oid) => [oid, arrayOf(text)] as const),
  // tsvector, tsquery, jsonpath, refcursor.
  ...[3614, 3615, 4072, 1790].map((oid) => [oid, text] as const),
]);

export const kindOf = (oid: number, types: TypeLookup | undefined, depth = 8): NetKind => {
  if (oid < firstUserOid) return builtIn.get(oid) ?? nothing;
  const type = depth === 0 ? undefined : types?.(oid);
  switch (type?.kind) {
    case 'domain':
      return type.of === undefined ? nothing : kindOf(type.of, types, depth - 1);
    case 'array':
      return type.of === undefined ? text : arrayOf(kindOf(type.of, types, depth - 1));
    case 'composite':
      return record;
    case 'base':
    case undefined:
      return text;
    case 'enum':
    case 'range':
      return nothing;
  }
};
