import type { Catalog } from '@sallyport/kernel';

/** Tables `t0`, `t1` ... of `public`, all with these columns of text. */
export const plainCatalog = (tables: number, columns: readonly string[]): Catalog => ({
  database: 'app',
  serverVersion: 180_004,
  searchPath: ['public'],
  functions: [],
  types: [],
  relations: Array.from({ length: tables }, (_, index) => ({
    oid: 20_000 + index,
    schema: 'public',
    name: `t${index}`,
    kind: 'table',
    columns: columns.map((name, at) => ({ name, attribute: at + 1, type: 25 })),
  })),
});
