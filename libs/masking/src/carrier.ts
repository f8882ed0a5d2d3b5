import type { CatalogType } from '@sallyport/kernel';

/**
 * What a PostgreSQL type can carry in place of its value, in both wire formats:
 * - `text`: any text, the same bytes in text and binary;
 * - `json`, `jsonb`: a JSON string (binary jsonb has a version byte before it); `xml`: an element;
 * - `none`: only NULL is certain to be valid;
 * - `unknown`: nobody told the type. In text format a text passes, in binary only NULL does.
 */
export type Carrier = 'text' | 'json' | 'jsonb' | 'xml' | 'none' | 'unknown';

/** OIDs are fixed for built-in types (pg_type.dat). */
const builtIn: ReadonlyMap<number, Carrier> = new Map<number, Carrier>([
  [25, 'text'],
  [1043, 'text'], // varchar
  [1042, 'text'], // bpchar
  [19, 'text'], // name
  [705, 'text'], // unknown
  [2275, 'text'], // cstring
  [114, 'json'],
  [3802, 'jsonb'],
  [142, 'xml'],
]);

export const bpcharType = 1042;

/** Below it every OID is the server's own (FirstNormalObjectId). */
export const firstUserOid = 16384;

export type TypeLookup = (oid: number) => CatalogType | undefined;

export const carrierOf = (oid: number, lookup?: TypeLookup): Carrier => {
  if (oid === 0) return 'unknown';
  const known = builtIn.get(oid);
  if (known !== undefined) return known;
  if (oid < firstUserOid) return 'none';
  return userCarrier(oid, lookup, 8);
};

const userCarrier = (oid: number, lookup: TypeLookup | undefined, depth: number): Carrier => {
  const type = lookup?.(oid);
  if (type === undefined || depth === 0) return 'unknown';
  switch (type.kind) {
    case 'domain':
      if (type.of === undefined) return 'none';
      return type.of < firstUserOid ? carrierOf(type.of) : userCarrier(type.of, lookup, depth - 1);
    case 'base':
      return type.name === 'citext' ? 'text' : 'none';
    // A label that does not exist would break a typed client.
    case 'enum':
    case 'composite':
    case 'range':
    case 'array':
      return 'none';
  }
};
