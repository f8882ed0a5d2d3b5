import type { Catalog } from '@sallyport/kernel';
import { types as serverTypes } from 'pg';

const builtin = new Map(Object.entries(serverTypes.builtins).map(([name, oid]) => [Number(oid), name.toLowerCase()]));
/** Arrays of the server's own, by their elements. */
const arrays: readonly (readonly [number, string])[] = [
  ...([
    [1000, 'bool'],
    [1001, 'bytea'],
    [1005, 'int2'],
    [1007, 'int4'],
    [1016, 'int8'],
    [1009, 'text'],
  ] as const),
  ...([
    [1015, 'varchar'],
    [1014, 'bpchar'],
    [1021, 'float4'],
    [1022, 'float8'],
    [1231, 'numeric'],
  ] as const),
  ...([
    [1182, 'date'],
    [1115, 'timestamp'],
    [1185, 'timestamptz'],
    [2951, 'uuid'],
    [199, 'json'],
  ] as const),
  ...([
    [3807, 'jsonb'],
    [1041, 'inet'],
    [1003, 'name'],
  ] as const),
];
const builtinArrays = new Map(arrays.map(([oid, element]) => [oid, `${element}[]`]));

/** A type as people know it; of one that nobody knows, its number. */
export function typeNames({ types }: Catalog): (oid: number) => string {
  const made = new Map(types.map((type) => [type.oid, type]));
  const nameOf = (oid: number): string => {
    const type = made.get(oid);
    if (type === undefined) return builtin.get(oid) ?? builtinArrays.get(oid) ?? `type ${oid}`;
    const element = type.kind === 'array' && type.of !== undefined ? made.get(type.of) : undefined;
    return element === undefined ? `${type.schema}.${type.name}` : `${element.schema}.${element.name}[]`;
  };
  return nameOf;
}
