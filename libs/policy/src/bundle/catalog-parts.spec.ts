import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { catalogIndexOf } from '@sallyport/kernel';
import type { Catalog, CatalogRelation } from '@sallyport/kernel';
import { partedLists } from './chunks.js';
import type { CatalogHead, CatalogPart } from './chunks.js';
import { decodeChunk, encode } from './codec.js';
import type { Decoded } from './codec.js';
import { joinCatalog } from './join-catalog.js';
import type { JoinedCatalog } from './join-catalog.js';
import { encodeCatalog, partsOf } from './split-catalog.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const run = <T>(work: Generator<undefined, T>): T => {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
};
const headOf = (parts: readonly string[]): CatalogHead => ({
  ...{ database: 'app', serverVersion: 180_004, searchPath: ['public'], schemas: ['public', 'empty'] },
  parts,
});

/** As the parts would come over the wire. */
const join = (parts: readonly CatalogPart[], before?: JoinedCatalog): Decoded<JoinedCatalog> => {
  const encoded = new Map(parts.map((part) => encode(part)).map((bytes) => [sha256(bytes), bytes]));
  const part = (digest: string) => decodeChunk('catalog_part', encoded.get(digest) ?? new Uint8Array());
  return run(joinCatalog({ head: headOf([...encoded.keys()]), part, before }));
};
const joined = (parts: readonly CatalogPart[], before?: JoinedCatalog): JoinedCatalog => {
  const made = join(parts, before);
  if (!made.ok) throw new Error(made.problem);
  return made.value;
};

const relation = (oid: number, over: Partial<CatalogRelation> = {}): CatalogRelation => ({
  ...{ oid, schema: 'public', name: `t${oid}`, kind: 'table', columns: [{ attribute: 1, name: 'id', type: 23 }] },
  ...over,
});

describe('a catalog', () => {
  const [first, second] = [20_001, 20_002].map((oid, at) => ({
    oid,
    schema: 'public',
    name: `t${at}`,
    kind: 'table',
    columns: [{ attribute: 1, name: 'id', type: 23 }],
  }));
  const problemOf = (over: object): string | undefined => {
    const decoded = decodeChunk('catalog_part', encode({ relations: [first, second], ...over }));
    if (!decoded.ok) return decoded.problem;
    const joined = join([decoded.value]);
    return joined.ok ? undefined : joined.problem;
  };
  const columns = (...given: readonly object[]) => ({ relations: [{ ...first, columns: given }] });
  const type = { oid: 20_003, schema: 'public', name: 'e', kind: 'enum' };

  test.each([
    ['two relations of one OID', { relations: [first, { ...second, oid: 20_001 }] }, 'relations.1.oid'],
    ['two relations of one name', { relations: [first, { ...second, name: 't0' }] }, 'relations.1.name'],
    ['an OID of the server', { relations: [{ ...first, oid: 1259 }] }, 'relations.0.oid'],
    ['a schema of the server', { relations: [{ ...first, schema: 'pg_catalog' }] }, 'relations.0.schema'],
    ['an OID that is none', { relations: [{ ...first, oid: 2 ** 32 }] }, 'relations.0.oid'],
    ['two types of one OID', { types: [type, { ...type, name: 'f' }] }, 'types.1.oid'],
    ['a system column', columns({ attribute: -1, name: 'ctid', type: 27 }), 'relations.0.columns.0.attribute'],
    [
      'two columns of one number',
      columns({ attribute: 1, name: 'a', type: 23 }, { attribute: 1, name: 'b', type: 23 }),
      'relations.0.columns.1.attribute',
    ],
    [
      'two columns of one name',
      columns({ attribute: 1, name: 'a', type: 23 }, { attribute: 2, name: 'a', type: 23 }),
      'relations.0.columns.1.name',
    ],
    ['a key of nothing', { relations: [{ ...first, key: [7] }] }, 'relations.0.key'],
    ['a unique column that is not there', { relations: [{ ...first, matched: [7] }] }, 'relations.0.matched'],
    ['itself as a parent', { relations: [{ ...first, parents: [20_001] }, second] }, 'relations.0.parents'],
    [
      'parents in a circle',
      {
        relations: [
          { ...first, parents: [20_002] },
          { ...second, parents: [20_001] },
        ],
      },
      'relations.0.parents',
    ],
    ['a name that no server can keep', { relations: [{ ...first, name: 'a\0b' }] }, 'relations.0.name'],
    ['a name without end', { relations: [{ ...first, name: 'x'.repeat(256) }] }, 'relations.0.name'],
    [
      'a definition without end',
      { relations: [{ ...first, definition: 'x'.repeat(1_000_001) }] },
      'relations.0.definition',
    ],
  ])('with %s is refused', (_, over, place) => {
    expect(problemOf({})).toBeUndefined();
    expect(problemOf(over)).toMatch(new RegExp(`^${place.replaceAll('.', '\\.')}: `));
  });

  test('with the longest line of parents that fits is taken, a longer one refused, in no time', () => {
    const line = (length: number): readonly CatalogPart[] =>
      Array.from({ length }, (_, at) => {
        const parents = at + 1 < length ? { parents: [20_001 + at] } : {};
        return { relations: [relation(20_000 + at, parents)] };
      });
    expect(join(line(1_000)).ok).toBe(true);
    expect(join(line(5_000))).toMatchObject({ ok: false, problem: expect.stringMatching(/parents/) });
    // Two lines that fit, and then one that joins them.
    const gap = line(1_200).map((part, at) => (at === 600 ? { relations: [relation(20_600)] } : part));
    const before = join(gap);
    expect(before.ok).toBe(true);
    expect(join(line(1_200), before.ok ? before.value : undefined).ok).toBe(false);
  });
});

/** Some database: few names, so that much of it stands beside its like. */
const database = fc
  .uniqueArray(fc.nat(99), { maxLength: 40 })
  .chain((numbers) =>
    fc.tuple(
      ...numbers.map((number) =>
        fc.record({
          number: fc.constant(number),
          columns: fc.uniqueArray(fc.constantFrom('id', 'mail', 'name', 'card'), { maxLength: 4 }),
          parent: fc.option(fc.nat(number)),
          overload: fc.constantFrom('f', 'g'),
        }),
      ),
    ),
  )
  .map((tables): Catalog => ({
    ...{ database: 'app', serverVersion: 180_004, searchPath: ['public'], schemas: ['public', 'empty'] },
    relations: tables.map(({ number, columns, parent }) =>
      relation(20_000 + number * 4, {
        columns: columns.map((name, at) => ({ attribute: at + 1, name, type: 25 })),
        ...(parent === null || parent === number ? {} : { parents: [20_000 + parent * 4] }),
      }),
    ),
    functions: tables.map(({ number, overload }) => ({
      ...{ oid: 20_001 + number * 4, schema: 'public', name: overload, kind: 'function', language: 'sql' },
      ...{ volatility: 'stable', securityDefiner: false, arguments: [25] },
    })),
    types: tables.map(({ number, overload }) => ({
      ...{ oid: 20_002 + number * 4, schema: 'public', name: overload, kind: 'composite', of: 20_000 + number * 4 },
    })),
    operators: tables.map(({ number, overload }) => ({ schema: overload, name: `<${number}>`, compiled: false })),
    casts: tables.map(({ number }) => ({ source: 20_002 + number * 4, target: 25, schema: 'public', name: 'f' })),
  }));

/** The same catalog, its entries dealt out to parts at random. */
const dealt = (catalog: Catalog): fc.Arbitrary<readonly CatalogPart[]> =>
  fc.infiniteStream(fc.nat(7)).map((stream) => {
    const parts = Array.from({ length: 8 }, (): Record<string, unknown[]> => ({}));
    for (const kind of partedLists)
      for (const entry of catalog[kind] ?? []) {
        const part = parts[stream.next().value ?? 0] ?? {};
        part[kind] = [...(part[kind] ?? []), entry];
      }
    return parts.filter((part) => Object.values(part).some((list) => list.length > 0));
  });

const sorted = (list: readonly object[] | undefined): readonly string[] =>
  (list ?? []).map((entry) => JSON.stringify(Object.entries(entry).sort())).sort();
const said = (catalog: Catalog): object => ({
  ...catalog,
  ...Object.fromEntries(partedLists.map((kind) => [kind, sorted(catalog[kind])])),
});
/** Everything that an index answers. */
const answers = (catalog: Catalog): object => {
  const index = catalogIndexOf(catalog);
  const names = ['id', 'mail', 'name', 'card', 'f', 'g', 'none'];
  const oids = Array.from({ length: 400 }, (_, at) => 20_000 + at);
  return {
    relations: oids.map((oid) => index.byOid.get(oid)),
    named: oids.map((oid) => index.relations.get(`public\0t${oid}`)),
    children: oids.map((oid) => sorted(index.children.get(oid))),
    functions: [
      oids.map((oid) => index.functions.get(oid)),
      names.map((name) => sorted(index.functionsNamed.get(name))),
    ],
    types: [oids.map((oid) => index.types.get(oid)), names.map((name) => sorted(index.typesNamed.get(name)))],
    fields: names.map((name) => index.fields.get(name)),
  };
};

describe('a catalog in parts', () => {
  const some = database.chain((catalog) => fc.tuple(fc.constant(catalog), dealt(catalog)));

  test('is the same however it was split, and whatever it came after', () => {
    fc.assert(
      fc.property(some, some, fc.boolean(), ([first, firstParts], [second, secondParts], byUs) => {
        const before = joined(byUs ? partsOf(first) : firstParts);
        const after = joined(byUs ? partsOf(second) : secondParts, before);
        for (const [made, catalog] of [
          [before, first],
          [after, second],
        ] as const) {
          expect(said(made.catalog)).toEqual(said(catalog));
          expect(answers(made.catalog)).toEqual(answers({ ...catalog }));
        }
      }),
      { numRuns: 40 },
    );
  });

  test('comes back from its bytes, and what a definition does not touch is in the same parts and objects', () => {
    fc.assert(
      fc.property(database, (catalog) => {
        const encoded = run(encodeCatalog(catalog, sha256));
        if (!encoded.ok) throw new Error(encoded.problem);
        const { head, parts, digest } = encoded.value;
        const read = decodeChunk('catalog', head);
        if (!read.ok) throw new Error(read.problem);
        expect([digest, [...parts.keys()]]).toEqual([sha256(head), read.value.parts]);
        const part = (wanted: string) => decodeChunk('catalog_part', parts.get(wanted) ?? new Uint8Array());
        const made = run(joinCatalog({ head: read.value, part, before: undefined }));
        if (!made.ok) throw new Error(made.problem);
        expect(said(made.value.catalog)).toEqual(said(catalog));
      }),
      { numRuns: 30 },
    );
  });

  const tables = (count: number, altered = -1): Catalog => ({
    ...{ database: 'app', serverVersion: 180_004, searchPath: [], functions: [], types: [] },
    relations: Array.from({ length: count }, (_, at) =>
      relation(20_000 + at * 3, at === altered ? { hasTriggers: true } : {}),
    ),
  });

  test('one ALTER changes one part, one new table two at the most; what stayed is the same object', () => {
    const before = partsOf(tables(2_000));
    expect(before.length).toBeGreaterThan(30);
    const texts = new Set(before.map((part) => JSON.stringify(part)));
    const others = (catalog: Catalog) => partsOf(catalog).filter((part) => !texts.has(JSON.stringify(part)));
    expect(others(tables(2_000, 700))).toHaveLength(1);
    expect(others(tables(2_001)).length).toBeLessThanOrEqual(2);
    const one = joined(before);
    const two = joined(partsOf(tables(2_000, 700)), one);
    const kept = new Set(one.catalog.relations);
    expect(two.catalog.relations.filter((each) => !kept.has(each)).map(({ oid }) => oid)).toEqual([22_100]);
    // A list of which nothing changed is the very same, and so is what was made of it.
    expect(two.catalog.types).toBe(one.catalog.types);
  });

  test('with a part that is not there, damaged, or of another kind is refused', () => {
    const part = { relations: [relation(20_001)] };
    const digest = sha256(encode(part));
    const with_ = (bytes: Uint8Array) =>
      run(joinCatalog({ head: headOf([digest]), part: () => decodeChunk('catalog_part', bytes), before: undefined }));
    expect(with_(encode(part)).ok).toBe(true);
    for (const bytes of [new Uint8Array(), encode(part).slice(1), encode({ ...part, more: [] }), encode([part])])
      expect(with_(bytes)).toMatchObject({ ok: false, problem: expect.stringContaining(digest.slice(0, 8)) });
  });

  test('that says something twice is refused, in two parts too, and beside what was there before', () => {
    const [one, two] = [{ relations: [relation(20_001)] }, { relations: [relation(20_001, { name: 'other' })] }];
    const same = { relations: [relation(20_002, { name: 't20001' })] };
    expect(join([one, two])).toMatchObject({ ok: false, problem: 'relations.0.oid: another one has it' });
    expect(join([one, same])).toMatchObject({ ok: false, problem: 'relations.0.name: another one has it' });
    const rest = Array.from({ length: 5 }, (_, at) => ({ relations: [relation(30_000 + at)] }));
    const before = joined([one, ...rest]);
    for (const more of [two, same]) expect(join([one, ...rest, more], before).ok).toBe(false);
    // One that takes the place of what goes at the same time.
    expect(join([two, ...rest], before).ok).toBe(true);
    expect(join([same, ...rest], before).ok).toBe(true);
    const doubled = { ...headOf(['a'.repeat(64), 'a'.repeat(64)]) };
    expect(decodeChunk('catalog', encode(doubled))).toMatchObject({ ok: false });
  });

  test('that nobody could hold is a problem of who reads it', () => {
    const huge = { ...tables(1), relations: [relation(20_001, { rules: rules(5) })] };
    expect(run(encodeCatalog(huge, sha256))).toMatchObject({ ok: false, problem: expect.stringContaining('4 MiB') });
    // Few that say much are in a part each.
    const wordy = { ...tables(1), relations: [1, 2, 3].map((at) => relation(20_000 + at, { rules: rules(1) })) };
    const encoded = run(encodeCatalog(wordy, sha256));
    expect(encoded.ok && encoded.value.parts.size).toBe(3);
  });
  const rules = (count: number) =>
    Array.from({ length: count }, (_, at) => ({
      name: `r${at}`,
      event: 'insert' as const,
      definition: 'x'.repeat(900_000),
    }));
});
