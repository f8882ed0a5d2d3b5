import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BudgetReport, BudgetUse } from '@sallyport/contracts';
import { createBudgetLedger, parseBudget } from '@sallyport/policy';
import type { Budget } from '@sallyport/policy';
import { createFakeClock } from '@sallyport/testing';
import type { FakeClock } from '@sallyport/testing';
import { openBudgetJournal } from './budget-journal.js';
import { createBudgetSharing } from './budget-sharing.js';

const limits = parseBudget('rows=100/1h');
if (!limits.ok) throw new Error(limits.message);
const budget: Budget = { policy: 'p', principal: 'Subagent::"etl"', connection: 'billing', limits: limits.value };
const hour = 3_600_000;

let directory: string;
let clock: FakeClock;
let errors: unknown[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-budgets-'));
  clock = createFakeClock(500_000 * hour);
  errors = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A proxy that starts on what lies on its disk, with the control plane there or away. */
const start = async ({ away = false } = {}) => {
  const ledger = createBudgetLedger();
  const { counted, journal } = await openBudgetJournal(
    { directory, now: clock.now(), mint: () => `life-${Math.trunc(clock.now())}`, onDamage: (n) => errors.push(n) },
    () => ({ own: ledger.own('all', clock.now()), others: ledger.others(clock.now()) }),
  );
  ledger.restore(counted.own, clock.now());
  ledger.learn(counted.others, clock.now());
  const sent: BudgetReport[] = [];
  const wire = { away };
  const sharing = createBudgetSharing({
    ledger,
    journal,
    life: counted.life,
    clock,
    send: (report) => !wire.away && sent.push(report) > 0,
    log: {
      warn: (...said: unknown[]) => void errors.push(said),
      error: (...said: unknown[]) => void errors.push(said),
    },
  });
  const spend = async (rows: number): Promise<void> => {
    ledger.charge([budget], { rows }, clock.now());
    await sharing.tick();
  };
  return {
    sharing,
    sent,
    wire,
    life: counted.life,
    spend,
    left: () => ledger.remaining([budget], 'rows', clock.now()),
    /** The control plane keeps the newest report. */
    answer: (uses: BudgetUse[] = [], refused = '') =>
      sharing.told({ reported: sent.at(-1)?.number ?? 0, refused, uses }),
  };
};
const others = (used: number): BudgetUse => ({
  connection: 'billing',
  principal: 'Subagent::"etl"',
  policy: 'p',
  measure: 'rows',
  window: hour,
  slots: [{ number: Math.floor(clock.now() / (hour / 60)), used }],
});
const amounts = (reports: readonly BudgetReport[]): number[] =>
  reports.flatMap(({ uses }) => uses.flatMap(({ slots }) => slots.map(({ used }) => used)));
const connect = async (proxy: Awaited<ReturnType<typeof start>>): Promise<void> => {
  proxy.sharing.connected();
  await proxy.sharing.tick();
};

describe('what a proxy tells', () => {
  test('asks for the others’ use when it has none of its own, and says nothing while nothing is used', async () => {
    const proxy = await start();
    await connect(proxy);
    await proxy.sharing.tick();
    expect(proxy.sent).toEqual([{ life: proxy.life, number: 1, uses: [] }]);
  });

  test('whole amounts of what changed, one report at a time', async () => {
    const proxy = await start();
    await connect(proxy);
    proxy.answer();
    await proxy.spend(2);
    await proxy.spend(3);
    expect(amounts(proxy.sent)).toEqual([2]);
    proxy.answer();
    expect(amounts(proxy.sent)).toEqual([2, 5]);
    proxy.answer();
    await proxy.sharing.tick();
    expect(amounts(proxy.sent)).toEqual([2, 5]);
  });

  test('what was not answered is told again, with everything', async () => {
    const proxy = await start();
    await connect(proxy);
    proxy.answer();
    await proxy.spend(2);
    clock.advance(6_000);
    await proxy.spend(0);
    expect(amounts(proxy.sent)).toEqual([2, 2]);
  });

  test('while the control plane is away it goes on counting; afterwards it tells all, once', async () => {
    const proxy = await start({ away: true });
    await proxy.spend(30);
    await proxy.spend(40);
    expect([proxy.sent, proxy.left()]).toEqual([[], 30]);
    proxy.wire.away = false;
    await connect(proxy);
    expect(amounts(proxy.sent)).toEqual([70]);
  });

  test('a refused report is told to whoever reads the log, once, and is not sent again', async () => {
    const proxy = await start();
    await connect(proxy);
    await proxy.spend(1);
    for (const used of [1, 2]) {
      proxy.answer([], 'use in the future');
      await proxy.spend(used);
    }
    expect(errors).toHaveLength(1);
    expect(amounts(proxy.sent)).toEqual([1, 2]);
  });
});

describe('what a proxy is told', () => {
  test('counts with its own use, also when it is told late or twice', async () => {
    const proxy = await start();
    await proxy.spend(10);
    for (const used of [20, 50, 50, 30]) proxy.answer([others(used)]);
    expect(proxy.left()).toBe(40);
  });

  test('what cannot be true is not believed', async () => {
    const proxy = await start();
    proxy.answer([others(10), { ...others(20), window: 3 }]);
    expect([proxy.left(), errors.length]).toEqual([100, 1]);
  });
});

describe('over a restart', () => {
  test('without the control plane it knows its own use and that of the others', async () => {
    const before = await start({ away: true });
    await before.spend(10);
    before.sharing.told({ reported: 0, refused: '', uses: [others(20)] });
    await before.sharing.tick();
    clock.advance(1_000);
    await before.sharing.stop();
    const after = await start({ away: true });
    expect([after.left(), after.life]).toEqual([70, before.life]);
    await after.spend(5);
    after.wire.away = false;
    await connect(after);
    // The same count goes on: nobody takes it for another one’s.
    expect(after.sent.map(({ life }) => life)).toEqual([before.life]);
    expect(amounts(after.sent)).toEqual([15]);
  });

  test('killed: what was told is on disk', async () => {
    const before = await start();
    await connect(before);
    before.answer();
    await before.spend(10);
    expect(amounts(before.sent)).toEqual([10]);
    const after = await start({ away: true });
    expect(after.left()).toBe(90);
  });

  test('a line that was cut off is left out, and the rest is read', async () => {
    const before = await start({ away: true });
    await before.spend(10);
    appendFileSync(join(directory, 'budgets.jsonl'), '{"own":[{"conn');
    const after = await start({ away: true });
    expect([after.left(), errors]).toEqual([90, [1]]);
    await after.spend(1);
    expect((await start({ away: true })).left()).toBe(89);
  });

  test('what has left its window is not carried along', async () => {
    const before = await start({ away: true });
    await before.spend(10);
    clock.advance(2 * hour);
    const after = await start({ away: true });
    expect(after.left()).toBe(100);
    expect(readFileSync(join(directory, 'budgets.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1);
  });

  test('without its disk it is a new count', async () => {
    const before = await start({ away: true });
    await before.spend(10);
    rmSync(directory, { recursive: true });
    clock.advance(1_000);
    const after = await start({ away: true });
    expect(after.life).not.toBe(before.life);
    mkdirSync(directory, { recursive: true });
  });
});
