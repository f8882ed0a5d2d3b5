import { beforeAll, expect, test } from '@jest/globals';
import type { Refusal } from '@sallyport/kernel';
import { loadAnalyses } from './analyses.js';
import { createReadings } from './apart.js';
import type { Readings } from './apart.js';
import type { Place } from './place.js';
import type { Reader } from './reader.js';
import { createStatements, unreadStatement } from './statements.js';
import type { Read, Statements } from './statements.js';

const place = (): Place => ({ catalog: undefined }) as unknown as Place;
const long = `select '${'x'.repeat(64 * 1024)}'`;

let statements: Statements;
beforeAll(async () => {
  statements = createStatements(await loadAnalyses());
});

/** Texts that were asked for, and whoever waits for them. */
const openReader = () => {
  const asked: { readonly text: string; readonly answer: (read: Read) => void }[] = [];
  const reader: Reader = {
    read: (text, _catalog, _path, signal) =>
      new Promise((resolve) => {
        const refusal: Refusal = { code: 'unreadable', message: 'left' };
        signal.addEventListener('abort', () => resolve({ kind: 'refused', refusal, statement: unreadStatement(text) }));
        asked.push({ text, answer: resolve });
      }),
    close: () => Promise.resolve(),
  };
  return { reader, asked };
};
const read = (text: string): Read => ({ kind: 'read', statement: unreadStatement(text) });
const settle = (readings: Readings, judge: () => string): string | Promise<string> =>
  readings.settle(judge, ({ code }) => code);
const turns = () => new Promise((resolve) => setImmediate(resolve));

test('a short text is read at once', () => {
  const { reader, asked } = openReader();
  const readings = createReadings(statements, reader);
  expect(settle(readings, () => readings.read('select 1', place(), []).kind)).toBe('read');
  expect(asked).toEqual([]);
  expect(readings.cancel()).toBeUndefined();
});

test('one of middling length with a password is not scanned in the loop, either', async () => {
  const { reader, asked } = openReader();
  const readings = createReadings(statements, reader);
  const here = place();
  const text = `alter role r PassWord 'secret'; select ${'1,'.repeat(3_000)}1`;
  const judged = settle(readings, () => readings.read(text, here, []).kind);
  expect(asked).toHaveLength(1);
  asked[0]?.answer(read(text));
  expect(await judged).toBe('read');
  // Refused without having been read, it is kept up to there.
  expect(unreadStatement(text).shown).toBe('alter role r PassWord [password]');
});

test('a long one is waited for, and so is what its names stand for', async () => {
  const { reader, asked } = openReader();
  const readings = createReadings(statements, reader);
  const here = place();
  const judged = settle(
    readings,
    () => `${readings.read(long, here, []).kind} ${readings.read(`${long};`, here, []).statement.text.length}`,
  );
  expect(asked.map(({ text }) => text)).toEqual([long]);
  asked[0]?.answer(read(long));
  await turns();
  expect(asked.map(({ text }) => text)).toEqual([long, `${long};`]);
  asked[1]?.answer(read(`${long};`));
  expect(await judged).toBe(`read ${long.length + 1}`);
});

test('it is read anew when the place or the search path is another by then', async () => {
  const { reader, asked } = openReader();
  const readings = createReadings(statements, reader);
  let here = place();
  let path = ['a'];
  const judged = settle(readings, () => readings.read(long, here, path).kind);
  path = ['b'];
  asked[0]?.answer(read(long));
  await turns();
  here = place();
  asked[1]?.answer(read(long));
  await turns();
  expect(asked).toHaveLength(3);
  asked[2]?.answer(read(long));
  expect(await judged).toBe('read');
});

test('a meaning that never rests is refused', async () => {
  const { reader, asked } = openReader();
  const readings = createReadings(statements, reader);
  const judged = settle(readings, () => readings.read(long, place(), []).kind);
  for (let at = 0; at < 32; at += 1) {
    asked[at]?.answer(read(long));
    await turns();
  }
  expect(asked).toHaveLength(32);
  expect(await judged).toBe('limit_exceeded');
});

test('who cancels is refused, and told when that is done', async () => {
  const { reader } = openReader();
  const readings = createReadings(statements, reader);
  const told: string[] = [];
  const judged = readings.settle(
    () => readings.read(long, place(), []).kind as string,
    ({ code }) => {
      told.push(code);
      return code;
    },
  );
  await readings.cancel();
  expect(told).toEqual(['approval_withdrawn']);
  expect(await judged).toBe('approval_withdrawn');
});

test('what judging itself throws is thrown', async () => {
  const { reader, asked } = openReader();
  const readings = createReadings(statements, reader);
  const here = place();
  const judged = settle(readings, () => {
    readings.read(long, here, []);
    throw new Error('broken');
  });
  asked[0]?.answer(read(long));
  await expect(judged).rejects.toThrow('broken');
});
