import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Catalog } from '@sallyport/kernel';
import fc from 'fast-check';
import { createAnalyzer, loadGrammar } from './analyzer.js';
import type { Analysis, Analyzer } from './analyzer.js';
import { skeletonOf } from './skeleton.js';

const column = (name: string, attribute: number) => ({ name, attribute, type: 25 });
const catalog: Catalog = {
  database: 'app',
  serverVersion: 180_004,
  searchPath: ['public'],
  functions: [],
  types: [],
  relations: ['users', 'orders'].map((name, index) => ({
    oid: 20_000 + index,
    schema: 'public',
    name,
    kind: 'table',
    columns: [column('id', 1), column('ssn', 2), column('name', 3)],
  })),
};

beforeAll(loadGrammar);

const analyze = (analyzer: Analyzer, text: string): Analysis => analyzer.analyze(text, ['public']);
const anew = (text: string): Analysis => analyze(createAnalyzer(catalog), text);
const told = (analysis: Analysis) => (analysis.kind === 'facts' ? { ...analysis, alike: false } : analysis);

describe('texts that differ in literals', () => {
  test.each([
    ['a key', 'select ssn from users where id = 1', 'select ssn from users where id = 777777777'],
    ['strings', "select id from users where name = 'a'", "select id from users where name = 'żółw ''😀'' -- x'"],
    [
      'a literal behind others',
      "select 1 from users where name = 'é' and id = 1",
      "select 1 from users where name = '' and id = 2",
    ],
    ['a negative number', 'update users set id = id + -5 where id = 1', 'update users set id = id + -99 where id = 2'],
    ['rows', "insert into users values (1, 'a', 'b')", "insert into users values (0, 'DROP TABLE x', '/*')"],
    ['a list', 'delete from users where id in (1, 2)', 'delete from users where id in (3, 4)'],
    ['what is set', "update users set name = 'a' where id = 1", "update users set name = 'b' where id = 2"],
    [
      'fixed literals beside free ones',
      'select ssn from users where id = 1 limit 5',
      'select ssn from users where id = 2 limit 5',
    ],
    ['between', 'select id from users where id between 1 and 9', 'select id from users where id between 3 and 4'],
  ])('are read once: %s', (_, first, second) => {
    const analyzer = createAnalyzer(catalog);
    const one = analyze(analyzer, first);
    const other = analyze(analyzer, second);
    expect(other).toMatchObject({ kind: 'facts', alike: true });
    expect(other.kind === 'facts' && one.kind === 'facts' && other.facts === one.facts).toBe(true);
    expect(told(other)).toEqual(told(anew(second)));
  });

  test.each([
    [
      'which column it is ordered by',
      'select ssn, id from users where id = 1 order by 1',
      'select ssn, id from users where id = 1 order by 2',
    ],
    ['a limit', 'select id from users where id = 1 limit 1', 'select id from users where id = 1 limit 2'],
    [
      'an argument',
      "select set_config('work_mem', '1', true), id = 1 from users",
      "select set_config('search_path', 'x', true), id = 1 from users",
    ],
    [
      'which setting is set',
      "select set_config(name, 'x', false) from pg_settings where name = 'work_mem'",
      "select set_config(name, 'x', false) from pg_settings where name = 'role'",
    ],
    ['a number of another type', 'select id from users where id = 1', 'select id from users where id = 9999999999'],
    ['a decimal', 'select id from users where id = 1', 'select id from users where id = 1.5'],
    ['a comment', 'select id from users where id = 1', 'select id from users where id = 1 -- 1'],
    ['a name', 'select id from users where id = 1', 'select ssn from users where id = 1'],
    ['case of a quoted name', 'select "id" from users where id = 1', 'select "ID" from users where id = 1'],
    ['a string of another kind', "select id from users where name = 'a'", "select id from users where name = E'a'"],
    [
      'a dollar quote',
      'select id from users where name = $$a$$ and id = 1',
      'select id from users where name = $$b$$ and id = 1',
    ],
    ['a setting', "set search_path = 'a'", "set search_path = 'b'"],
    [
      'what is prepared',
      'prepare p as select ssn from users where id = 1',
      'prepare p as select ssn from users where id = 2',
    ],
    [
      'a second statement',
      'select id from users where id = 1; select 1',
      'select id from users where id = 2; select 1',
    ],
  ])('are read anew where it matters: %s', (_, first, second) => {
    const analyzer = createAnalyzer(catalog);
    analyze(analyzer, first);
    const other = analyze(analyzer, second);
    expect(other.kind === 'facts' && other.alike).toBe(false);
    expect(other).toEqual(anew(second));
  });

  test('whatever was read before, facts are those of the text', () => {
    const shared = createAnalyzer(catalog);
    const literal = fc.oneof(
      fc.integer({ min: -1_000, max: 12_000_000_000 }).map(String),
      fc.constantFrom(
        '0',
        '00',
        '1_0',
        '0x1F',
        '1e3',
        '.5',
        '1.',
        "''",
        "'a'",
        "'--'",
        "'a''b'",
        "'é'",
        "'\\'",
        "E'\\''",
      ),
      fc.constantFrom(
        '$1',
        '$$a$$',
        "U&'d!0061' UESCAPE '!'",
        "'a'\n'b'",
        "B'1'",
        'null',
        '/* */ 1',
        "'x'::text",
        '- 5',
        '--1',
      ),
    );
    const shape = fc.constantFrom<(...parts: readonly string[]) => string>(
      (a, b) => `select ssn, id from users where id = ${a} order by ${b}`,
      (a, b) => `select name || ${a} from users where ssn like ${b} limit 3`,
      (a, b, c) => `insert into orders values (${a}, ${b}, ${c}) returning ssn`,
      (a, b) => `insert into orders select id, ssn, ${a} from users where id in (${b}, ${a})`,
      (a, b) => `update users set name = ${a}, ssn = (select ssn from orders where id = ${b}) where id=${a}`,
      (a, b) => `delete from users using orders o where users.id = o.id and o.name = ${a} or ${b} < users.id`,
      (a, b) => `with x as (select ${a} as v from orders where id = ${b}) select v, ${a} + ${b} from x`,
      (a, b) => `select case when ssn = ${a} then ${b} end, coalesce(name, ${b}) from users group by 1, 2, ssn, name`,
      (a, b) => `values (${a}, ${b}), (${b}, ${a})`,
      (a, b) => `copy (select ssn from users where id = ${a} or id = ${b}) to stdout`,
      (a, b) => `select ssn from users where id = ${a}; delete from orders where id = ${b}`,
    );
    let alike = 0;
    fc.assert(
      fc.property(shape, fc.tuple(literal, literal, literal), (make, parts) => {
        const text = make(...parts);
        const analysis = analyze(shared, text);
        if (analysis.kind === 'facts' && analysis.alike) alike += 1;
        expect(told(analysis)).toEqual(told(anew(text)));
      }),
      { numRuns: 1_500 },
    );
    expect(alike).toBeGreaterThan(30);
  });
});

describe('a skeleton', () => {
  test('counts bytes, as the grammar does', () => {
    const text = "select 'żółw 😀', 5 where 'é' = 7";
    const found = skeletonOf(text);
    expect(
      found?.literals.map(({ text: each, at }) => [
        each,
        Buffer.from(text)
          .subarray(at, at + Buffer.byteLength(each))
          .toString(),
      ]),
    ).toEqual([
      ["'żółw 😀'", "'żółw 😀'"],
      ['5', '5'],
      ["'é'", "'é'"],
      ['7', '7'],
    ]);
  });

  test.each([
    'select 1 -- x',
    'select /* */ 1',
    'select $a$x$a$',
    "select 'a\\'",
    'select ñ',
    'select \u00a01',
    'select 1\0',
    "select 'a",
    'select "a',
  ])('is not made of %j', (text) => expect(skeletonOf(text)).toBeUndefined());

  test('takes no longer than the text is long', () => {
    for (const text of [
      "'".repeat(8_000),
      '"'.repeat(7_999),
      "''".repeat(4_000) + "'",
      '1'.repeat(8_000),
      'a'.repeat(8_000),
    ])
      expect(skeletonOf(text)?.literals.length ?? 0).toBeLessThan(200);
  });
});
