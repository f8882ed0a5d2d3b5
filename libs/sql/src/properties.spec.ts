import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { makeCatalog } from '../testing/catalog.js';
import type { WrittenCatalog } from '../testing/catalog.js';
import { corpusFile } from '../testing/corpus.js';
import { createAnalyzer, loadGrammar } from './analyzer.js';
import type { Analysis } from './analyzer.js';
import type { StatementFacts } from './facts.js';

beforeAll(() => loadGrammar());

const folder = join(import.meta.dirname, '../corpus');
const read = (file: string): unknown => parse(readFileSync(join(folder, file), 'utf8'));
const catalog = makeCatalog(read('catalog.yaml') as WrittenCatalog);
const analyzer = createAnalyzer(catalog);
const analyze = (text: string): Analysis => analyzer.analyze(text, catalog.searchPath);
/** Nothing that was read before has a say. */
const anew = (text: string): Analysis => createAnalyzer(catalog).analyze(text, catalog.searchPath);

const texts = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml') && file !== 'catalog.yaml')
  .flatMap((file) => corpusFile(file, read(file)).cases.map(({ sql }) => sql));

describe('whatever the text', () => {
  const answers = (text: string): void => expect(['facts', 'unreadable']).toContain(analyze(text).kind);

  test('of any characters', () => {
    const any = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      fc.string({ unit: fc.constantFrom(...`'"$;-/*\\()[]{}.,:= \n\0EUe&_axselctfrom1`), maxLength: 60 }),
    );
    fc.assert(fc.property(any, answers), { numRuns: 2_000 });
  });

  test('a statement that was cut, doubled, mixed with another', () => {
    const cut = fc.tuple(fc.constantFrom(...texts), fc.constantFrom(...texts), fc.nat(), fc.nat(), fc.nat(4));
    fc.assert(
      fc.property(cut, ([one, other, start, length, how]) => {
        const at = start % (one.length + 1);
        const from = one.slice(at, at + (length % 20));
        const mixed = [
          one.slice(0, at),
          one.slice(0, at) + one.slice(at + (length % 20)),
          one.slice(0, at) + from + from + one.slice(at),
          one.slice(0, at) + other.slice(at % (other.length + 1)),
          `${one.slice(0, at)} ${other} ${one.slice(at)}`,
        ];
        answers(mixed[how] ?? '');
      }),
      { numRuns: 3_000 },
    );
  });

  const repeat = (text: string, count: number): string => text.repeat(count);
  const nest = (open: string, core: string, close: string, depth: number): string =>
    repeat(open, depth) + core + repeat(close, depth);
  const bombs: readonly (readonly [string, (depth: number) => string])[] = [
    ['parentheses', (depth) => `select ${nest('(', '1', ')', depth)}`],
    ['queries in FROM', (depth) => nest('select * from (', 'select * from users', ') x', depth)],
    ['queries in expressions', (depth) => `select ${nest('(select ', 'ssn', ' from users)', depth)}`],
    ['CASE', (depth) => `select ${nest('case when true then ', 'ssn', ' end', depth)} from users`],
    ['calls', (depth) => `select ${nest('upper(', 'ssn', ')', depth)} from users`],
    ['arrays', (depth) => `select ${nest('array[', '1', ']', depth)}`],
    ['casts', (depth) => `select ssn${repeat('::text', depth)} from users`],
    ['operators', (depth) => `select ssn${repeat(' || ssn', depth)} from users`],
    ['AND', (depth) => `select 1 from users where true${repeat(' and ssn = id', depth)}`],
    ['NOT', (depth) => `select ${repeat('not ', depth)}true`],
    ['UNION', (depth) => `select ssn from users${repeat(' union select ssn from users', depth)}`],
    [
      'joins',
      (depth) =>
        `select * from users u0${Array.from({ length: depth }, (_, at) => ` join users u${at + 1} using (id)`).join('')}`,
    ],
    [
      'natural joins',
      (depth) =>
        `select * from users u0${Array.from({ length: depth }, (_, at) => ` natural join users u${at + 1}`).join('')}`,
    ],
    ['tables', (depth) => `select * from ${Array.from({ length: depth }, (_, at) => `users u${at}`).join(', ')}`],
    ['stars', (depth) => `select ${Array(depth).fill('*').join(', ')} from users`],
    [
      'columns of many tables',
      (depth) =>
        `select ${Array(depth).fill('nothing').join(', ')} from ${Array.from({ length: depth }, (_, at) => `orders o${at}`).join(', ')}`,
    ],
    [
      'CTEs',
      (depth) =>
        `with ${Array.from({ length: depth }, (_, at) => `c${at} as (select * from ${at === 0 ? 'users' : `c${at - 1}`})`).join(', ')} select * from c${depth - 1}`,
    ],
    [
      'recursive CTEs',
      (depth) =>
        `with recursive ${Array.from({ length: depth }, (_, at) => `c${at} as (select id, ssn from users union select ssn, id from c${at})`).join(', ')} select 1`,
    ],
    [
      'recursive CTEs in recursive CTEs',
      (depth) =>
        nest(
          'with recursive a as (select ssn as x from users union all select x from (',
          'select x from a',
          ') y) select x from a',
          depth,
        ),
    ],
    ['rows', (depth) => `insert into orders values ${Array(depth).fill("(1, 2, 'x')").join(', ')}`],
    ['items of IN', (depth) => `select 1 from users where id in (${Array(depth).fill('1').join(', ')})`],
    ['statements', (depth) => repeat('select ssn from users;', depth)],
    ['names', (depth) => `select ${repeat('a', depth)} from ${repeat('b', depth)}`],
    ['dots', (depth) => `select a${repeat('.a', depth)} from users a`],
    ['fields', (depth) => `select (u)${repeat('.ssn', depth)} from users u`],
    ['comments', (depth) => `select ${nest('/*', '', '*/', depth)} 1`],
    ['EXPLAIN', (depth) => `${repeat('explain ', depth)} select 1`],
    ['grouping sets', (depth) => `select 1 from users group by ${nest('grouping sets (', 'ssn', ')', depth)}`],
  ];
  test.each(bombs)('many %s', (_, bomb) => {
    for (const depth of [10, 400, 5_000]) answers(bomb(depth));
    // And the grammar is as it was.
    expect(analyze('select ssn from users')).toMatchObject({ kind: 'facts' });
  });

  test('as long as is taken, and longer', () => {
    for (const bomb of [bombs[19], bombs[20], bombs[21], bombs[12]]) {
      const made = bomb?.[1](60_000) ?? '';
      expect(made.length).toBeGreaterThan(100_000);
      answers(made);
    }
    // Not for its strings: those are read apart (long-literals.ts).
    expect(analyze(`select 1 ${repeat('x', 1024 * 1024)}`).kind).toBe('unreadable');
  });

  test('a bulk of rows is no bomb', () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => `(${at}, 'name ${at}', null)`).join(', ');
    expect(analyze(`insert into users (id, name, ssn) values ${rows}`).kind).toBe('facts');
  });
});

/** Facts, but for the words of what is prepared. */
const facts = (analysis: Analysis): unknown =>
  analysis.kind === 'facts' ? analysis.facts.statements.map(withoutText) : analysis.kind;
const withoutText = (statement: StatementFacts): unknown =>
  statement.session?.kind === 'prepare' ? { ...statement, session: { ...statement.session, text: '' } } : statement;

describe('facts do not hang on', () => {
  /** Strings, quoted names and dollar quotes as they are; what lies between them is split at blanks. */
  const pieces = (text: string): readonly string[] =>
    text
      .split(/('(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\2\$|--[^\n]*(?:\n|$)|\/\*[\s\S]*\*\/|[ \t\n\r]+)/)
      .filter((piece) => piece !== undefined);
  const plain = texts.filter((text) => !text.includes('\\') && !/\/\*|\$\w*\$/.test(text) && text.trim() !== '');

  /** Words that the grammar reads together with the next one: it refuses a comment between the two. */
  const pairs = /\b(?:not|nulls|with|without|format) |\buescape\b/i;

  test('blanks, line ends and comments', () => {
    const blank = fc.constantFrom(
      '  ',
      '\n',
      '\t',
      '\r\n',
      ' /* drop table users; */ ',
      ' -- delete from users\n',
      '/**/ ',
    );
    fc.assert(
      fc.property(fc.constantFrom(...plain), fc.array(blank, { minLength: 1, maxLength: 8 }), (text, blanks) => {
        let at = 0;
        const other = pieces(text)
          .map((piece, index, all) => {
            if (!/^[ \t\n\r]+$/.test(piece)) return piece;
            return pairs.test(`${all[index - 1] ?? ''} ${all[index + 1] ?? ''}`)
              ? '\n'
              : (blanks[at++ % blanks.length] ?? ' ');
          })
          .join('');
        // A string goes on behind a line end.
        if (/'\s*\n/.test(other)) return;
        expect(facts(anew(other))).toEqual(facts(anew(text)));
      }),
      { numRuns: 600 },
    );
  });

  test('letters of another case outside of quotes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...plain), (text) => {
        const other = pieces(text)
          .map((piece) => (/^['"$]/.test(piece) || /[uU]&|[^\x20-\x7e]/.test(text) ? piece : piece.toUpperCase()))
          .join('');
        expect(facts(anew(other))).toEqual(facts(anew(text)));
      }),
      { numRuns: 400 },
    );
  });

  test('what a literal holds', () => {
    // Where a value says which column, setting, option or path is meant, it is no mere value.
    const speaking =
      /set_config|current_setting|^\s*(?:set|copy|explain|prepare|execute|notify|alter|create|load)|order by \d|group by \d|json|xml|escape/i;
    const valued = plain.filter(
      (text) => text.includes("'") && !speaking.test(text) && !/[uUeE]&?'/.test(text) && analyze(text).kind === 'facts',
    );
    expect(valued.length).toBeGreaterThan(50);
    fc.assert(
      fc.property(
        fc.constantFrom(...valued),
        fc.constantFrom("'zz'", "'DROP TABLE users'", "'1'", "''"),
        (text, literal) => {
          const other = pieces(text)
            .map((piece) => (piece.startsWith("'") ? literal : piece))
            .join('');
          expect(facts(anew(other))).toEqual(facts(anew(text)));
        },
      ),
      { numRuns: 400 },
    );
  });
});
