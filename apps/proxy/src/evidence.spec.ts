import { describe, expect, test } from '@jest/globals';
import { until } from '@sallyport/testing';
import { createEvidence } from './evidence.js';
import type { KeptRecord } from './evidence.js';
import { createRecorder } from './record.js';

/** A store that can be filled and emptied. */
const shelf = () => {
  const kept: string[] = [];
  const writes: number[] = [];
  let full = false;
  const reports: unknown[] = [];
  return {
    kept,
    writes,
    reports,
    fill: (now: boolean) => void (full = now),
    store: {
      append: (records: readonly KeptRecord[]) => {
        if (full) throw new Error('full');
        writes.push(records.length);
        kept.push(...records.map(({ id }) => id));
      },
      commit: () => (full ? Promise.reject(new Error('down')) : Promise.resolve()),
    },
    report: (problem: unknown) => void reports.push(problem),
  };
};
const alarm = { type: 'alarm', code: 'x', message: 'y' } as const;
const recorderOf = (evidence: ReturnType<typeof createEvidence>, session: string) =>
  createRecorder({ session, proxy: 'gate-1', clock: { now: () => 1 }, evidence });
const intent = {
  type: 'statement.intent',
  command: 'cmd_1',
  connection: 'c',
  database: 'd',
  caller: { kind: 'subagent', id: 's', name: 's', onBehalfOf: [] },
  text: 'select 1',
  digest: 'a'.repeat(64),
  kinds: [],
  tables: [],
  policyVersion: 1,
  policies: [],
  verdict: 'allowed',
  approval: undefined,
} as const;

describe('evidence', () => {
  test('what could not be kept is kept later, in order, also when its session is long over', async () => {
    const { kept, fill, reports, ...shelved } = shelf();
    const evidence = createEvidence({ ...shelved, retry: 1 });
    const one = recorderOf(evidence, 'one');
    expect(one.record(alarm)).toBe(true);
    fill(true);
    expect(one.record(alarm)).toBe(false);
    expect(recorderOf(evidence, 'two').record(alarm)).toBe(false);
    expect(one.record(alarm)).toBe(false);
    expect([evidence.available, reports.length]).toEqual([false, 1]);
    fill(false);
    await until(() => kept.length === 4);
    expect(kept).toEqual(['one:0', 'one:1', 'two:0', 'one:2']);
    expect(evidence.available).toBe(true);
  });

  test('an intent that is not kept is told as a statement that was refused', () => {
    const { kept, fill, ...shelved } = shelf();
    const told: unknown[] = [];
    const evidence = createEvidence(shelved);
    const watched = { ...evidence, keepLater: ({ content }: KeptRecord) => void told.push(JSON.parse(content)) };
    fill(true);
    expect(recorderOf(watched, 'one').intent(intent)).toBeUndefined();
    expect(told).toMatchObject([{ type: 'statement.refused', code: 'audit_unavailable', id: 'one:0' }]);
    fill(false);
    expect(recorderOf(evidence, 'two').intent(intent)).toMatchObject({ id: 'two:0' });
    expect(kept).toEqual(['two:0']);
  });

  test('what follows is kept with the next intent, or by the end of the turn, and never before what came earlier', async () => {
    const { kept, writes, fill, ...shelved } = shelf();
    const evidence = createEvidence({ ...shelved, retry: 1 });
    const recorder = recorderOf(evidence, 'one');
    recorder.follow(alarm);
    recorder.follow(alarm);
    expect(kept).toEqual([]);
    recorder.intent(intent);
    expect([kept, writes]).toEqual([['one:0', 'one:1', 'one:2'], [3]]);
    recorder.follow(alarm);
    await until(() => kept.length === 4);
    fill(true);
    recorder.follow(alarm);
    expect(recorder.intent(intent)).toBeUndefined();
    fill(false);
    await until(() => kept.length === 6);
    expect(kept.slice(4)).toEqual(['one:4', 'one:5']);
  });

  test('memory is bounded: what does not fit is counted, and leaves a gap', () => {
    const { kept, fill, ...shelved } = shelf();
    const evidence = createEvidence({ ...shelved, mostWaiting: 1_000 });
    const recorder = recorderOf(evidence, 'one');
    fill(true);
    for (let at = 0; at < 100; at++) recorder.record(alarm);
    fill(false);
    recorder.record(alarm);
    evidence.close();
    expect(evidence.lost).toBe(101 - kept.length);
    expect(kept.at(-1)).toBe('one:100');
    expect(kept.length).toBeLessThan(20);
  });

  test('an outage of the durable grade is reported once', async () => {
    const { fill, reports, ...shelved } = shelf();
    const evidence = createEvidence(shelved);
    const event = recorderOf(evidence, 'one').intent(intent);
    if (event === undefined) throw new Error('it is kept');
    fill(true);
    expect([await evidence.commit(event), await evidence.commit(event)]).toEqual([false, false]);
    fill(false);
    expect(await evidence.commit(event)).toBe(true);
    expect(reports).toHaveLength(1);
  });
});
