import { describe, expect, test } from '@jest/globals';
import { supervise } from './supervise.js';
import type { ToWorker } from './worker-messages.js';

interface Process {
  readonly number: number;
  readonly told: ToWorker[];
  says(message: unknown): void;
  exits(exit: number | string): void;
}

/** A primary whose processes and time are the test's. */
const open = (count: number) => {
  const processes: Process[] = [];
  const timers: { readonly milliseconds: number; readonly act: () => void }[] = [];
  const logged: string[] = [];
  const log = (_fields: object, message: string): void => void logged.push(message);
  const supervisor = supervise({
    count,
    fork: (number) => {
      let hear: (message: unknown) => void = () => undefined;
      let over: (exit: number | string) => void = () => undefined;
      const told: ToWorker[] = [];
      processes.push({ number, told, says: (message) => hear(message), exits: (exit) => over(exit) });
      return {
        send: (message) => void told.push(message),
        onMessage: (listener) => (hear = listener),
        onExit: (listener) => (over = listener),
      };
    },
    after: (milliseconds, act) => {
      const timer = { milliseconds, act };
      timers.push(timer);
      return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1));
    },
    random: () => 0,
    log: { info: log, error: log },
  });
  let code: number | undefined;
  void supervisor.ended.then((ended) => (code = ended));
  const at = (index: number): Process => {
    const found = processes[index];
    if (found === undefined) throw new Error('not started');
    return found;
  };
  return {
    supervisor,
    processes,
    at,
    numbers: () => processes.map(({ number }) => number),
    /** The pauses before those who ended are started again. */
    pauses: () => timers.map(({ milliseconds }) => milliseconds).filter((pause) => pause < 60_000),
    pass: (milliseconds: number) => {
      for (const timer of [...timers])
        if (timer.milliseconds <= milliseconds) {
          timers.splice(timers.indexOf(timer), 1);
          timer.act();
        }
    },
    code: async () => {
      await Promise.resolve();
      return code;
    },
    logged,
  };
};

const started = { kind: 'started' };
const running = (count: number) => {
  const primary = open(count);
  primary.at(0).says(started);
  for (let index = 1; index < count; index++) primary.at(index).says(started);
  return primary;
};

describe('the start', () => {
  test('the first worker starts alone, the others once it is there', () => {
    const { at, numbers } = open(3);
    expect(numbers()).toEqual([1]);
    at(0).says({ kind: 'something else' });
    expect(numbers()).toEqual([1]);
    at(0).says(started);
    expect(numbers()).toEqual([1, 2, 3]);
  });

  test.each([
    [64, 64],
    [0, 1],
    ['SIGKILL', 1],
  ])('the first one ends with %s before it is there: so does the proxy', async (exit, code) => {
    const primary = open(2);
    primary.at(0).exits(exit);
    expect([await primary.code(), primary.numbers()]).toEqual([code, [1]]);
  });

  test('another one cannot start: all end, with its code', async () => {
    const primary = open(3);
    primary.at(0).says(started);
    primary.at(2).says(started);
    primary.at(1).exits(69);
    const stop = { kind: 'stop', reason: 'a worker could not start' };
    expect([primary.at(0).told, primary.at(2).told]).toEqual([[stop], [stop]]);
    primary.at(0).exits(0);
    expect(await primary.code()).toBeUndefined();
    primary.at(2).exits(0);
    expect(await primary.code()).toBe(69);
  });
});

describe('a worker that ends', () => {
  test('is started again, later each time, and nobody else is told', () => {
    const primary = running(2);
    for (const pause of [250, 500, 1_000, 2_000, 4_000, 7_500, 7_500]) {
      primary.processes.at(-1)?.exits('SIGKILL');
      expect(primary.pauses()).toEqual([pause]);
      primary.pass(pause);
      expect(primary.processes.at(-1)?.number).toBe(2);
      primary.processes.at(-1)?.says(started);
    }
    expect([primary.at(0).told, primary.numbers()]).toEqual([[], [1, 2, 2, 2, 2, 2, 2, 2, 2]]);
  });

  test('and was up for a minute counts anew', () => {
    const primary = running(2);
    primary.at(1).exits(1);
    primary.pass(250);
    primary.at(2).says(started);
    primary.pass(60_000);
    primary.at(2).exits(1);
    expect(primary.pauses()).toEqual([250]);
  });

  test('the first one too, without the others', () => {
    const primary = running(2);
    primary.at(0).exits('SIGSEGV');
    primary.pass(250);
    primary.at(2).says(started);
    expect(primary.numbers()).toEqual([1, 2, 1]);
  });

  test('and cannot start any more ends the proxy in the end', async () => {
    const primary = running(2);
    primary.at(1).exits(1);
    for (let at = 0; at < 7; at++) {
      primary.pass(15_000);
      primary.processes.at(-1)?.exits(69);
    }
    expect(primary.at(0).told).toEqual([]);
    primary.pass(15_000);
    primary.processes.at(-1)?.exits(69);
    expect(primary.at(0).told).toEqual([{ kind: 'stop', reason: 'a worker could not start' }]);
    primary.at(0).exits(0);
    expect(await primary.code()).toBe(69);
  });
});

describe('signals', () => {
  test('all are told to stop, and waited for; none is started again', async () => {
    const primary = running(3);
    primary.at(1).exits(1);
    primary.supervisor.stop('SIGTERM');
    const stop = { kind: 'stop', reason: 'SIGTERM' };
    expect([primary.at(0).told, primary.at(2).told, primary.pauses()]).toEqual([[stop], [stop], []]);
    primary.at(0).exits(0);
    expect(await primary.code()).toBeUndefined();
    primary.at(2).exits(0);
    expect([await primary.code(), primary.numbers()]).toEqual([0, [1, 2, 3]]);
  });

  test('before the others were started, none is', async () => {
    const primary = open(3);
    primary.supervisor.stop('SIGINT');
    primary.at(0).says(started);
    primary.at(0).exits(0);
    expect([await primary.code(), primary.numbers()]).toEqual([0, [1]]);
  });

  test('the second time nothing is waited for', async () => {
    const primary = running(2);
    primary.supervisor.stop('SIGINT');
    primary.supervisor.stop('SIGINT');
    expect(primary.at(1).told.at(-1)).toEqual({ kind: 'end' });
    expect(await primary.code()).toBe(130);
  });

  test('one that ends badly is heard of', async () => {
    const primary = running(2);
    primary.supervisor.stop('SIGTERM');
    primary.at(0).exits('SIGKILL');
    primary.at(1).exits(0);
    expect(await primary.code()).toBe(1);
  });

  test('reload reaches all', () => {
    const primary = running(2);
    primary.supervisor.reload();
    expect([primary.at(0).told, primary.at(1).told]).toEqual([[{ kind: 'reload' }], [{ kind: 'reload' }]]);
  });
});

test('a key goes to the others, as it is; what is no key goes nowhere', () => {
  const primary = running(3);
  primary.at(1).says({ kind: 'cancel', key: '00ff' });
  primary.at(1).says({ kind: 'cancel', key: '00ff'.repeat(200) });
  primary.at(1).says({ kind: 'stop', reason: 'I say so' });
  expect(primary.processes.map(({ told }) => told)).toEqual([
    [{ kind: 'cancel', key: '00ff' }],
    [],
    [{ kind: 'cancel', key: '00ff' }],
  ]);
});
