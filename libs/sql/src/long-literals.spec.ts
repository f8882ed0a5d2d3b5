import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseSync } from 'libpg-query';
import { createAnalyzer, loadGrammar, longestText } from './analyzer.js';
import { abridge } from './long-literals.js';
import { isFields } from './node.js';

beforeAll(() => loadGrammar());
const analyzer = createAnalyzer(undefined);
const limits = { least: 8, most: 10_000 } as const;

/** The grammar's tree, without what strings hold and without where things stand. */
const shapeOf = (text: string): unknown => {
  const strip = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(strip);
    if (!isFields(node)) return node;
    const constant = isFields(node['A_Const']) && isFields(node['A_Const']['sval']);
    if (constant) return 'a string';
    return Object.fromEntries(
      Object.entries(node)
        .filter(([name]) => !/^(?:.*location|stmt_len)$/.test(name))
        .map(([name, value]) => [name, strip(value)]),
    );
  };
  return strip(parseSync(text));
};

describe('strings that are long are taken out', () => {
  test.each([
    [`select 'long long long'`, `select 'cut'`],
    [`select 'it''s long long', 'short'`, `select 'cut', 'short'`],
    [`insert into t values ('ü', 'long long long', N'long long long')`, `insert into t values ('ü', 'cut', N'cut')`],
    [`select 'ends in a backslash\\'`, `select 'cut'`],
    [`select "it's", 'long long long' -- it's`, `select "it's", 'cut' -- it's`],
    [`select $a$it's$a$, 'long long long' /* it's */`, `select $a$it's$a$, 'cut' /* it's */`],
    [`select 'long long long''', ''''`, `select 'cut', ''''`],
  ])('%s', (text, short) => expect(abridge(text, limits)?.text).toBe(short));

  test.each([
    ['a string with escapes', `select E'long \\' or long'`],
    ['one whose escape hides its end', `select e'long long \\', pg_sleep(1) --'`],
    ['one in two pieces', `select 'long long long'\n'and longer'`],
    ['one of Unicode escapes', `select U&'long long long'`],
    ['bits', `select b'010101010101'`],
    ['a quote in a nested comment', `select /* /* */ 'long long long' */ 1`],
    ['a name with dollars', `select a$b$, 'long long $b$ long long'`],
    ['one without an end', `select 'long long long`],
  ])('not %s', (_name, text) => expect(abridge(text, limits)).toBeUndefined());

  test('and what is left must be short', () => {
    expect(abridge(`select 'long long long', ${'1,'.repeat(10_000)} 1`, limits)).toBeUndefined();
    expect(abridge(`select ${'1,'.repeat(10_000)} 'long long long'`, limits)).toBeUndefined();
  });

  test('whatever it is made of, what is left is the same statement but for its strings', () => {
    const piece = fc.constantFrom(
      ...[
        `'`,
        `''`,
        `"`,
        `\\`,
        '$$',
        '$a$',
        '--',
        '/*',
        '*/',
        '\n',
        ' ',
        ',',
        'E',
        'e',
        'U&',
        'N',
        'b',
        'x',
        '||',
        '1',
        'ü',
      ],
      ...[
        `'plain and long'`,
        `'it''s long and'`,
        `E'it\\'s long, and'`,
        '(',
        ')',
        'select',
        ' from t',
        ';',
        'UESCAPE',
        '::text',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = `select ${pieces.join('')}`;
        const short = abridge(text, limits)?.text;
        if (short === undefined) return;
        let whole: unknown = 'unreadable';
        try {
          whole = shapeOf(text);
        } catch {
          // Then neither is what is left.
        }
        let left: unknown = 'unreadable';
        try {
          left = shapeOf(short);
        } catch {
          // As above.
        }
        expect(left).toEqual(whole);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('a text beyond what the grammar is given', () => {
  const long = 'long '.repeat(longestText);
  const facts = (text: string): unknown => {
    const analysis = analyzer.analyze(text, ['public']);
    return analysis.kind === 'facts' ? analysis.facts : analysis.message;
  };
  test.each([
    ['a value', (value: string) => `insert into t values (1, '${value}') returning a`],
    ['an operand', (value: string) => `delete from t where a = '${value}'`],
    ['what is set', (value: string) => `update t set a = '${value}', b = '${value}' where c = 1`],
    ['an argument', (value: string) => `select length('${value}'), f('${value}') from t`],
    ['what is shown', (value: string) => `select '${value}' as a; select '${value}'::jsonb`],
  ])('is read as the same with a short one: %s', (_name, make) => {
    expect(facts(make(long))).toEqual(facts(make('short')));
  });
  test.each([
    ['where its contents say what is done', `set search_path = '${long}'`],
    ['where they are code', `do '${long}'`],
    ['where they are a name', `copy t to '${long}'`],
    ['behind a statement that is read as a whole', `select '${long}'; set role x`],
    ['of many short values', `insert into t values ${'(1),'.repeat(longestText / 4)} (1)`],
    ['of one comment', `select 1 /* ${long} */`],
  ])('is not read %s', (_name, text) => expect(facts(text)).toBe('the text is too long'));
});
