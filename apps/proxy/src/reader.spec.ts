import { afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Catalog } from '@sallyport/kernel';
import { loadAnalyses } from './analyses.js';
import { createReader, readerBounds } from './reader.js';
import type { Reader, ReaderBounds } from './reader.js';
import type { Place } from './place.js';
import { createStatements } from './statements.js';
import type { Read, Statements } from './statements.js';

/** More than what goes to the thread in one message. */
const catalog: Catalog = {
  ...{ database: 'app', serverVersion: 180_004, searchPath: ['public'], functions: [], types: [] },
  relations: Array.from({ length: 1_001 }, (_, at) => ({
    ...{ oid: 20_000 + at, schema: 'public', name: `t${at}`, kind: 'table' as const },
    columns: [
      { name: 'id', attribute: 1, type: 23 },
      { name: 'ssn', attribute: 2, type: 25 },
    ],
  })),
};
const long = (rows: number): string =>
  `insert into t1000 values ${Array.from({ length: rows }, (_, at) => `(${at}, 'x')`).join(', ')}`;

let statements: Statements;
beforeAll(async () => {
  statements = createStatements(await loadAnalyses());
});
let reader: Reader;
afterEach(() => reader.close());

const open = (bounds: Partial<ReaderBounds> = {}): void => {
  reader = createReader({ ...readerBounds, ...bounds });
};
const read = (text: string, signal = new AbortController().signal): Promise<Read> =>
  reader.read(text, catalog, ['public'], signal);
const inTheLoop = (text: string, known: Catalog | undefined): object => {
  const { alike: _alike, ...rest } = statements.read(text, { catalog: known } as unknown as Place, [
    'public',
  ]) as Read & {
    readonly alike?: boolean;
  };
  return rest;
};
const codeOf = (answer: Read): string => (answer.kind === 'refused' ? answer.refusal.code : answer.kind);

test.each([
  ['a write of many rows', long(10_000)],
  ['a join with the last table of the catalog', `select b.ssn from t0 a join t1000 b using (id) -- ${'x'.repeat(99)}`],
  ['many statements', 'select ssn from t7;'.repeat(5_000)],
  ['a password', `create role r password '${'p'.repeat(70_000)}'`],
  ['no table of the catalog', `select * from nowhere where id in (${'1,'.repeat(40_000)}1)`],
  ['what is no SQL', `selec ${'1,'.repeat(40_000)}`],
  ['half a pair of surrogates', `select '${'\ud800'.repeat(70_000)}'`],
])('reads as the loop itself would: %s', async (_name, text) => {
  open();
  expect(await read(text)).toEqual(inTheLoop(text, catalog));
});

test('a text without a catalog, and again with one', async () => {
  open();
  const text = 'select ssn from t3';
  const bare = await reader.read(text, undefined, ['public'], new AbortController().signal);
  expect(bare).toEqual(inTheLoop(text, undefined));
  expect(await read(text)).toEqual(inTheLoop(text, catalog));
});

test('more catalogs than it keeps', async () => {
  open();
  for (let round = 0; round < 2; round += 1)
    for (let at = 0; at < 6; at += 1) {
      const small = { ...catalog, relations: catalog.relations.slice(at, at + 1) };
      const text = `select ssn from t${at}`;
      expect(await reader.read(text, small, ['public'], new AbortController().signal)).toEqual(inTheLoop(text, small));
    }
});

test('what takes too long is refused, and what waits behind it is read', async () => {
  open({ time: 1 });
  const answers = await Promise.all([read(long(30_000)), read(long(30_000))]);
  expect(answers.map(codeOf)).toEqual(['limit_exceeded', 'limit_exceeded']);
  expect(answers[0]?.statement.shown).toContain('insert into t1000');
});

test('what needs too much memory ends the thread, and nothing else', async () => {
  open({ heap: 24 });
  const [first, second] = await Promise.all([read(long(60_000)), read('select ssn from t2')]);
  expect([codeOf(first), codeOf(second)]).toEqual(['unreadable', 'read']);
});

test('who leaves is refused at once, and nobody else', async () => {
  open();
  const [running, waiting] = [new AbortController(), new AbortController()];
  const answers = [read(long(30_000), running.signal), read(long(5), waiting.signal), read(long(6))];
  waiting.abort();
  expect(codeOf(await (answers[1] ?? read('')))).toBe('unreadable');
  running.abort();
  expect((await Promise.all(answers)).map(codeOf)).toEqual(['unreadable', 'unreadable', 'read']);
  expect(codeOf(await read(long(5), waiting.signal))).toBe('unreadable');
});

test('no more wait than may', async () => {
  open({ waiting: 2 });
  const answers = Array.from({ length: 4 }, () => read(long(5)));
  expect((await Promise.all(answers)).map(codeOf)).toEqual(['read', 'read', 'read', 'limit_exceeded']);
});

test('it ends when nobody needs it, and starts again for who does', async () => {
  open({ idle: 0 });
  const threads = () => process.getActiveResourcesInfo().length;
  const before = threads();
  expect(codeOf(await read(long(5)))).toBe('read');
  while (threads() > before) await new Promise((resolve) => setImmediate(resolve));
  expect(codeOf(await read(long(5)))).toBe('read');
});

test('closed, it reads nothing more', async () => {
  open();
  const waiting = [read(long(30_000)), read(long(5))];
  await reader.close();
  expect((await Promise.all([...waiting, read(long(5))])).map(codeOf)).toEqual([
    'unreadable',
    'unreadable',
    'unreadable',
  ]);
});
