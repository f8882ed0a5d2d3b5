import { describe, expect, test } from '@jest/globals';
import { Failure } from './failure.js';
import { renewToken, tellEnd, waitFor } from './renewal.js';

const tokenOf = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;

test.each([
  ['an hour left', tokenOf({ exp: 3_600 }), 0, 2_880_000],
  ['a second left', tokenOf({ exp: 1 }), 0, 1_000],
  ['ended', tokenOf({ exp: 1 }), 9_000, 1_000],
  ['a year left', tokenOf({ exp: 31_536_000 }), 0, 3_600_000],
  ['no end told', tokenOf({}), 0, 60_000],
  ['no JWT', 'opaque', 0, 60_000],
])('%s: waits', (_name, token, now, wait) => expect(waitFor(token, now)).toBe(wait));

/** Time stands still until the test lets the next thing happen. */
function start(answers: readonly (string | Failure)[]) {
  const left = [...answers];
  const written: string[] = [];
  const notes: string[] = [];
  const due: { readonly wait: number; readonly act: () => void }[] = [];
  let taken = 0;
  const stop = renewToken({
    source: () => {
      const next = left.shift() ?? new Failure('nothing more');
      return next instanceof Failure ? Promise.reject(next) : Promise.resolve(next);
    },
    token: tokenOf({ exp: 100 }),
    now: () => 0,
    renewed: (token) => written.push(token),
    note: (text) => notes.push(text),
    after: (wait, act) => {
      due.push({ wait, act });
      return () => void taken++;
    },
  });
  const pass = async (): Promise<number | undefined> => {
    const next = due.shift();
    next?.act();
    await new Promise((resolve) => setImmediate(resolve));
    return next?.wait;
  };
  return { written, notes, due, pass, stop, taken: () => taken };
}

describe('a token is renewed before it ends', () => {
  const [second, third] = [tokenOf({ exp: 200 }), tokenOf({ exp: 300 })];

  test('each time a new one comes it is told, and the next is waited for by its life', async () => {
    const renewal = start([second, third]);
    expect(await renewal.pass()).toBe(80_000);
    expect(await renewal.pass()).toBe(160_000);
    expect(renewal.written).toEqual([second, third]);
    expect(renewal.due[0]?.wait).toBe(240_000);
  });

  test('the same one again is not written again', async () => {
    const renewal = start([tokenOf({ exp: 100 })]);
    await renewal.pass();
    expect([renewal.written, renewal.due]).toEqual([[], [expect.objectContaining({ wait: 80_000 })]]);
  });

  test('a failure is told once and tried again, until it works', async () => {
    const renewal = start([new Failure('no file'), new Failure('no file'), second, new Failure('gone')]);
    for (let look = 0; look < 4; look++) await renewal.pass();
    expect(renewal.notes).toEqual(['the token could not be renewed: no file', 'the token could not be renewed: gone']);
    expect(renewal.written).toEqual([second]);
    expect(renewal.due).toHaveLength(1);
  });

  test('stopped: what was due is taken back, and what comes late is dropped', async () => {
    const renewal = start([second]);
    renewal.stop();
    expect(renewal.taken()).toBe(1);
    await renewal.pass();
    expect([renewal.written, renewal.due]).toEqual([[], []]);
  });
});

test.each([
  ['ends in 100 s', tokenOf({ exp: 100 }), [100_000]],
  ['has ended', tokenOf({ exp: -5 }), [0]],
  ['ends in a century', tokenOf({ exp: 3_153_600_000 }), [2_147_483_647]],
  ['does not tell', tokenOf({}), []],
])('a token that nothing renews and that %s', (_name, token, waits) => {
  const notes: string[] = [];
  const due: { readonly wait: number; readonly act: () => void }[] = [];
  const after = (wait: number, act: () => void) => {
    due.push({ wait, act });
    return () => undefined;
  };
  tellEnd({ token, now: () => 0, note: (text) => notes.push(text), after });
  expect(due.map(({ wait }) => wait)).toEqual(waits);
  for (const { act } of due) act();
  expect(notes).toEqual(waits.map(() => expect.stringContaining('--token-file')));
});
