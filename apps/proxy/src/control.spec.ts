import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle } from '@sallyport/contracts';
import { createFakeClock } from '@sallyport/testing';
import type { FakeClock } from '@sallyport/testing';
import { createTestAuthority } from '../testing/authority.js';
import type { TestAuthority } from '../testing/authority.js';
import { signedBundle } from '../testing/bundle.js';
import type { BundleContent } from '../testing/bundle.js';
import { createBundleFile } from './bundle-file.js';
import { createControl } from './control.js';
import type { Control } from './control.js';
import type { Node } from './node.js';

let authority: TestAuthority;
let node: Node;
let directory: string;
let clock: FakeClock;
beforeAll(async () => {
  authority = await createTestAuthority();
  node = await authority.node('gate-1');
});
const running: Control[] = [];
let alarms: number;
let renewals: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-control-'));
  clock = createFakeClock(Date.now());
  [alarms, renewals, cancelled] = [0, 0, []];
});
afterEach(async () => {
  for (const control of running.splice(0)) await control.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** A stream that nobody answers. */
const deaf = {
  on: () => deaf,
  write: () => true,
  end: () => undefined,
  cancel: () => void cancelled.push(cancelled.length),
};
let cancelled: number[];
const start = (tenant = (): string => node.tenant): Control => {
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const control = createControl({
    clock,
    file: createBundleFile(directory),
    client: () => ({ stream: () => deaf }) as never,
    renewChannel: () => (renewals += 1),
    alarm: () => (alarms += 1),
    trust: { tenant, verify: node.verify },
    log: quiet,
  });
  running.push(control);
  control.start({
    hello: () => ({ softwareVersion: '0', tunnel: undefined, listeners: [] }),
    sessions: () => [],
    endSession: () => undefined,
    run: () => Promise.reject(new Error('nothing runs here')),
    connected: () => undefined,
    budgetTotals: () => undefined,
  });
  return control;
};
/** By a proxy that ends then: it is on disk. */
const taken = async (given: Bundle): Promise<void> => {
  const control = start();
  expect(await control.accept(given)).toBeUndefined();
  await control.stop();
};
const bundle = (version: number, more: Partial<BundleContent> = {}): Bundle =>
  signedBundle(authority, {
    version,
    identity: { issuers: [], own: { issuer: 'https://gate', keys: [] }, subagents: [], users: [] },
    connections: [],
    catalogs: {},
    ...more,
  });

describe('control', () => {
  test('without a bundle nothing is decided; with one it is, until nobody was heard of for too long', async () => {
    const control = start();
    expect(control.unfit?.code).toBe('policy_unavailable');
    expect(await control.accept(bundle(1, { maxStaleness: 1_000 }))).toBeUndefined();
    control.heard();
    expect(control.unfit).toBeUndefined();
    clock.advance(1_000);
    expect(control.unfit).toBeUndefined();
    clock.advance(1);
    expect(control.unfit?.code).toBe('policy_stale');
    control.heard();
    expect(control.unfit).toBeUndefined();
    clock.advance(3_600_001);
    control.heard();
    expect(control.unfit?.code).toBe('policy_unavailable');
  });

  test('the time in which the control plane was there stands while it is away', () => {
    const control = start();
    expect(control.assured).toBe(0);
    control.heard();
    for (let beats = 0; beats < 4; beats += 1) {
      clock.advance(5_000);
      control.heard();
    }
    clock.advance(1_000);
    expect(control.assured).toBe(21_000);
    clock.advance(3_600_000);
    expect(control.assured).toBe(30_000);
    control.heard();
    clock.advance(5_000);
    expect(control.assured).toBe(35_000);
  });

  test('what is older, unsigned, of another tenant or incomplete is refused, and the last good one stays', async () => {
    const control = start();
    expect(await control.accept(bundle(5))).toBeUndefined();
    expect(await control.accept(bundle(4))).toMatch(/^older/);
    expect(await control.accept({ ...bundle(6), signature: Buffer.alloc(64) })).toMatch(/^unsigned/);
    expect(await control.accept({ ...bundle(6), keyId: 'nobody' })).toMatch(/^unsigned/);
    const changed = {
      issuers: [],
      subagents: [
        {
          id: 's',
          name: 's',
          issuer: 'i',
          claims: { sub: 's' },
          groups: [],
          owner: undefined,
          disabled: false,
          notBefore: 0,
        },
      ],
      own: { issuer: 'https://gate', keys: [] },
      users: [],
    };
    const next = bundle(6, { identity: changed });
    expect(await control.accept({ ...next, chunks: [] })).toMatch(/^lacks identity/);
    const forged = next.chunks.map((chunk) => ({ ...chunk, content: Buffer.from('{}') }));
    expect(await control.accept({ ...next, chunks: forged })).toMatch(/digest/);
    expect(control.current?.manifest.version).toBe(5);
    expect(await control.accept(next)).toBeUndefined();
    // What it holds already need not come again.
    expect(await control.accept({ ...bundle(7, { identity: changed }), chunks: [] })).toBeUndefined();
    expect(control.current?.manifest.version).toBe(7);
  });

  test('a restart goes on with the last bundle, as old as it is', async () => {
    await taken(bundle(3, { maxStaleness: 60_000 }));
    const again = start();
    expect([again.current?.manifest.version, again.unfit]).toEqual([3, undefined]);
    clock.advance(61_000);
    expect(start().unfit?.code).toBe('policy_stale');
  });

  test('a bundle that breaks its reader is refused like any other', async () => {
    const control = start(() => {
      throw new Error('a bug');
    });
    expect(await control.accept(bundle(1))).toMatch(/^malformed/);
    expect(control.unfit?.code).toBe('policy_unavailable');
  });

  test('a control plane that is connected and says nothing is left for a new connection', () => {
    jest.useFakeTimers();
    try {
      const control = start();
      clock.advance(19_000);
      jest.advanceTimersByTime(5_000);
      expect([renewals, cancelled.length]).toEqual([0, 0]);
      control.heard();
      clock.advance(20_001);
      jest.advanceTimersByTime(5_000);
      expect([renewals, cancelled.length]).toEqual([1, 1]);
    } finally {
      jest.useRealTimers();
    }
  });

  test('a bundle that somebody changed on disk is not taken', async () => {
    await taken(bundle(3));
    writeFileSync(join(directory, 'bundle.bin'), 'nonsense');
    expect(start().current).toBeUndefined();
  });
});
