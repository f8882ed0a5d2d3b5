import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readCases } from './case.js';
import type { Caller, Case } from './case.js';
import { judge, namesOf } from './judge.js';
import { openScene } from './scene.js';
import type { Scene } from './scene.js';
import { send } from './send.js';
import type { Session } from './session.js';

/** Statements by class: what must become of each, in every form that it has, on the real wire. One stack for all. */
jest.setTimeout(30_000);

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
}, 240_000);
afterAll(async () => {
  for (const session of sessions.values()) session.end();
  await scene.stop();
}, 60_000);

const sessions = new Map<Caller | 'direct', Session>();
async function sessionOf(who: Caller | 'direct'): Promise<Session> {
  const session = sessions.get(who) ?? (await scene.open(who));
  sessions.set(who, session);
  return session;
}
const leave = (who: Caller | 'direct'): void => {
  sessions.get(who)?.end();
  sessions.delete(who);
};

const folders = ['meaning', 'masking'];
const files = folders.flatMap((folder) =>
  readdirSync(join(import.meta.dirname, folder)).map((name) => ({
    name: `${folder}/${name}`,
    cases: readCases(readFileSync(join(import.meta.dirname, folder, name), 'utf8')),
  })),
);

/** A case that ran out of time may still hold its sessions. */
let busy = false;

async function problemsOf(given: Case): Promise<readonly string[]> {
  if (busy) for (const who of sessions.keys()) leave(who);
  busy = true;
  const problems: string[] = [];
  let names: readonly string[] = [];
  for (const [caller, expected] of given.expected)
    for (const form of given.forms) {
      const parties = ['direct', caller] as const;
      try {
        const direct = expected.verdict === 'allow' ? await send(await sessionOf('direct'), given, form) : undefined;
        const gate = await send(await sessionOf(caller), given, form);
        if (names.length === 0 && direct !== undefined) names = namesOf(direct);
        problems.push(...judge({ given, form, expected, gate, direct, names }).map((each) => `${caller}, ${form}: ${each}`));
      } catch (error) {
        problems.push(`${caller}, ${form}: ${String(error)}`);
        for (const who of parties) leave(who);
      }
      // What a case leaves behind in its session is not the next one's.
      if (given.bare || given.first.length + given.between.length > 0) for (const who of parties) leave(who);
    }
  busy = false;
  return problems;
}

describe.each(files)('$name', ({ cases }) => {
  test.each(cases.map((given) => ({ given, name: `line ${given.line}: ${given.sql.split('\n')[0] ?? ''}` })))(
    '$name',
    async ({ given }) => {
      expect(await problemsOf(given)).toEqual([]);
    },
  );
});
