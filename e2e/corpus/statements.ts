import { afterAll, describe, expect, test } from '@jest/globals';
import type { Caller, Case } from './case.js';
import type { CorpusFile } from './files.js';
import { judge, namesOf } from './judge.js';
import type { Scene } from './scene.js';
import { send } from './send.js';
import type { Session } from './session.js';

/** Every case in every form that it has, sent by every caller that it names. */
export const statements = (scene: () => Scene, files: readonly CorpusFile[]): void => {
  const sessions = createSessions(scene);
  afterAll(() => sessions.leave());
  describe.each(files)('$name', ({ cases }) => {
    test.each(cases.map((given) => ({ given, name: `line ${given.line}: ${given.sql.split('\n')[0] ?? ''}` })))(
      '$name',
      async ({ given }) => {
        expect(await problemsOf(given, sessions)).toEqual([]);
      },
    );
  });
};

/** The least that a thousand statements may have of false alarms. */
const mostOfThousand = 1;

/** What programs send that nobody would call an attack: how much of it is refused, or answered otherwise than by the target. */
export const benign = (scene: () => Scene, files: readonly CorpusFile[]): void => {
  const sessions = createSessions(scene);
  afterAll(() => sessions.leave());
  test('what programs send all day is no alarm', async () => {
    const alarms: string[] = [];
    let sent = 0;
    for (const { name, cases } of files)
      for (const given of cases) {
        const problems = await problemsOf(given, sessions);
        sent += given.forms.length * given.expected.size;
        if (problems.length > 0) alarms.push(`${name}, line ${given.line}: ${problems.join('; ')}`);
      }
    const rate = ((100 * alarms.length) / sent).toFixed(2);
    process.stdout.write(`${sent} everyday statements, ${alarms.length} false alarms (${rate} %)\n`);
    expect(alarms).toEqual([]);
    expect((1000 * alarms.length) / sent).toBeLessThan(mostOfThousand);
  }, 120_000);
};

interface Sessions {
  of(who: Caller | 'direct'): Promise<Session>;
  leave(...who: readonly (Caller | 'direct')[]): void;
  /** Nobody else's: where a case ran out of time, it may still hold its sessions. */
  take(): void;
  giveBack(): void;
}

const createSessions = (scene: () => Scene): Sessions => {
  const open = new Map<Caller | 'direct', Session>();
  let taken = false;
  const sessions: Sessions = {
    async of(who) {
      const session = open.get(who) ?? (await scene().open(who));
      open.set(who, session);
      return session;
    },
    leave(...who) {
      for (const each of who.length > 0 ? who : [...open.keys()]) {
        open.get(each)?.end();
        open.delete(each);
      }
    },
    take() {
      if (taken) sessions.leave();
      taken = true;
    },
    giveBack() {
      taken = false;
    },
  };
  return sessions;
};

async function problemsOf(given: Case, sessions: Sessions): Promise<readonly string[]> {
  sessions.take();
  const problems: string[] = [];
  let names: readonly string[] = [];
  for (const [caller, expected] of given.expected)
    for (const form of given.forms) {
      try {
        const direct = expected.verdict === 'allow' ? await send(await sessions.of('direct'), given, form) : undefined;
        const gate = await send(await sessions.of(caller), given, form);
        if (names.length === 0 && direct !== undefined) names = namesOf(direct);
        const wrong = judge({ given, form, expected, gate, direct, names });
        problems.push(...wrong.map((each) => `${caller}, ${form}: ${each}`));
      } catch (error) {
        problems.push(`${caller}, ${form}: ${String(error)}`);
        sessions.leave();
      }
      // What a case leaves behind in its session is not the next one's.
      if (given.bare || given.first.length + given.between.length > 0) sessions.leave('direct', caller);
    }
  sessions.giveBack();
  return problems;
}
