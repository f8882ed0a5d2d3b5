import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle } from '@sallyport/contracts';
import type { Catalog } from '@sallyport/kernel';
import { systemClock } from '@sallyport/runtime';
import { until } from '@sallyport/testing';
import { createTestAuthority } from '../testing/authority.js';
import type { TestAuthority, TestNode } from '../testing/authority.js';
import { compiled, signedBundle } from '../testing/bundle.js';
import type { BundleContent, Forgery } from '../testing/bundle.js';
import { startTestControlPlane } from '../testing/control-plane.js';
import type { TestControlPlane } from '../testing/control-plane.js';
import { createBundleFile } from './bundle-file.js';
import { createChannels } from './channels.js';
import type { Channels } from './channels.js';
import { createControl } from './control.js';
import type { Control } from './control.js';

/** Bundles that must not come into force, over the real wire and from the real disk. */
let authority: TestAuthority;
let stranger: TestAuthority;
let node: TestNode;
beforeAll(async () => {
  authority = await createTestAuthority();
  stranger = await createTestAuthority();
  node = await authority.node('gate-1');
});

let directory: string;
let controlPlane: TestControlPlane;
let channels: Channels;
let control: Control | undefined;
let alarms: number;
let errors: string[];
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-bundles-'));
  controlPlane = await startTestControlPlane(await authority.issue('control-plane', 'control'));
  channels = createChannels(controlPlane.address, () => node.credentials);
  [alarms, errors] = [0, []];
});
afterEach(async () => {
  await control?.stop();
  channels.close();
  controlPlane.stop();
  rmSync(directory, { recursive: true, force: true });
});

const keep = (detail: unknown, message?: string): void =>
  void errors.push(`${message ?? ''} ${JSON.stringify(detail)}`);

const start = (): Control => {
  control = createControl({
    clock: systemClock,
    file: createBundleFile(directory),
    client: () => channels.configuration,
    renewChannel: channels.renewed,
    alarm: () => (alarms += 1),
    trust: { tenant: () => node.tenant, verify: node.verify },
    log: { info: () => undefined, warn: () => undefined, error: keep },
  });
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

const policies = compiled('@id("p") permit (principal, action in Action::"read", resource in Connection::"billing");');
const content = (version: number): BundleContent => ({
  version,
  identity: { issuers: [], own: { issuer: 'https://gate', keys: [] }, subagents: [], users: [] },
  connections: [
    {
      id: 'con_1',
      name: 'billing',
      protocol: 'postgres',
      environment: 'production',
      database: 'app',
      databases: ['app'],
      agents: ['agent-1'],
      audit: 'spool',
      hold: 500,
      detectors: true,
      tags: [],
      classes: {},
      hashKey: Buffer.alloc(32, 7).toString('base64'),
      policies,
      policyVersion: version,
    },
  ],
  catalogs: {},
});
const bundle = (version: number, forgery?: Forgery, by = authority): Bundle =>
  signedBundle(by, content(version), forgery);
const inManifest = (from: RegExp, to: string): Forgery => ({ manifest: (text) => text.replace(from, to) });
const inConnection = (from: RegExp | string, to: string): Forgery => ({
  chunk: (text, kind) => (kind === 'connection' ? text.replace(from, to) : text),
});

/** Version 7 of each, and what is said of it. */
const bad: readonly (readonly [string, RegExp, () => Bundle])[] = [
  ['without a signature', /^unsigned/, () => ({ ...bundle(7), signature: Buffer.alloc(0) })],
  [
    'changed after it was signed',
    /^unsigned/,
    () => ({ ...bundle(7), manifest: Buffer.from(`${bundle(7).manifest.toString()} `) }),
  ],
  ['signed by somebody else', /^unsigned/, () => bundle(7, undefined, stranger)],
  [
    'signed by somebody else under our key’s name',
    /^unsigned/,
    () => ({ ...bundle(7, undefined, stranger), keyId: authority.bundleKeyId }),
  ],
  ['that expired', /^expired/, () => bundle(7, inManifest(/"notAfter":\d+/, '"notAfter":1000'))],
  ['of another tenant', /^other_tenant/, () => bundle(7, inManifest(/"tenant":"\w+"/, '"tenant":"another"'))],
  ['that is no JSON', /^malformed/, () => bundle(7, { manifest: () => '{' })],
  ['with a member that nobody knows', /^malformed/, () => bundle(7, inManifest(/^\{/, '{"also":1,'))],
  [
    'with a kind of chunk that nobody knows',
    /^malformed: .*kind/,
    () => bundle(7, inManifest(/"kind":"connection"/, '"kind":"firewall"')),
  ],
  [
    'with a kind of rule that nobody knows',
    /connection billing/,
    () => bundle(7, inConnection(/"effect":"permit"/, '"effect":"suggest"')),
  ],
  [
    'with an obligation that nobody knows',
    /connection billing/,
    () => bundle(7, inConnection(/"policyVersion"/, '"also":1,"policyVersion"')),
  ],
  [
    'whose chunk is not what its digest says',
    /digest/,
    () => ({
      ...bundle(7),
      chunks: bundle(7, inConnection('production', 'elsewhere')).chunks.map((chunk, at) => ({
        ...chunk,
        digest: bundle(7).chunks[at]?.digest ?? '',
      })),
    }),
  ],
  ['whose chunk is not there', /^lacks (connection billing|identity)/, () => ({ ...bundle(7), chunks: [] })],
];

describe('from the stream', () => {
  test.each(bad)(
    'one %s is refused with its reason and an alarm, and the last good one stays',
    async (_what, reason, make) => {
      start();
      expect(await controlPlane.publish(bundle(6))).toBeUndefined();
      expect(await controlPlane.publish(make())).toMatch(reason);
      expect(control?.current?.manifest.version).toBe(6);
      expect(control?.current?.connection('billing')?.environment).toBe('production');
      expect(control?.unfit).toBeUndefined();
      expect([alarms, errors.length]).toEqual([1, 1]);
      expect(errors[0]).toMatch(/a bundle was refused; the last good one stays/);
      // The next good one is taken.
      expect(await controlPlane.publish(bundle(8))).toBeUndefined();
      expect(control?.current?.manifest.version).toBe(8);
    },
  );

  test('an older one is refused, also when it was in force before', async () => {
    start();
    for (const version of [5, 6]) expect(await controlPlane.publish(bundle(version))).toBeUndefined();
    expect(await controlPlane.publish(bundle(5))).toMatch(/^older/);
    expect([control?.current?.manifest.version, alarms]).toEqual([6, 1]);
  });

  test('another one under the same version is refused', async () => {
    start();
    expect(await controlPlane.publish(bundle(6))).toBeUndefined();
    expect(await controlPlane.publish(bundle(6, inConnection('production', 'elsewhere')))).toMatch(/^conflict/);
    expect([control?.current?.connection('billing')?.environment, alarms]).toEqual(['production', 1]);
  });
});

test('a run that breaks is told to the log, and ends nothing', async () => {
  start();
  expect(await controlPlane.publish(bundle(6))).toBeUndefined();
  void controlPlane.run({
    runId: 'run_1',
    approvalId: 'apr_1',
    command: undefined,
    callerKind: 'subagent',
    callerId: 's',
    maxRows: 1,
    again: false,
  });
  await until(() => errors.length === 1);
  expect(errors[0]).toMatch(/a run by id broke/);
  expect(await controlPlane.publish(bundle(7))).toBeUndefined();
});

describe('a catalog in parts', () => {
  const tables = (changed = -1): Catalog => ({
    ...{ database: 'app', serverVersion: 180_004, functions: [], types: [], searchPath: ['public'] },
    relations: Array.from({ length: 200 }, (_, at) => ({
      ...{ oid: 20_000 + at, schema: 'public', name: at === changed ? 'changed' : `t${at}`, kind: 'table' as const },
      columns: [{ attribute: 1, name: 'id', type: 23 }],
    })),
  });
  const known = (version: number, catalog: Catalog, forgery?: Forgery): Bundle =>
    signedBundle(authority, { ...content(version), catalogs: { 'billing/app': catalog } }, forgery);
  const names = (): readonly string[] =>
    control?.current?.place('billing', 'app')?.catalog?.relations.map(({ name }) => name) ?? [];
  /** As it is sent to who holds the other one. */
  const beside = (held: Bundle, next: Bundle): Bundle => {
    const digests = new Set(held.chunks.map(({ digest }) => digest));
    return { ...next, chunks: next.chunks.filter(({ digest }) => !digests.has(digest)) };
  };
  const partsOf = ({ chunks }: Bundle) => chunks.filter(({ kind }) => kind === 'catalog_part');

  test('of which one part changed comes into force by that part; what held the old one still has it', async () => {
    start();
    const [one, two] = [known(6, tables()), known(7, tables(100))];
    expect(await controlPlane.publish(one)).toBeUndefined();
    const before = control?.current?.place('billing', 'app')?.catalog;
    const delta = beside(one, two);
    expect(partsOf(delta)).toHaveLength(1);
    expect(await controlPlane.publish(delta)).toBeUndefined();
    expect([names().includes('changed'), names().length]).toEqual([true, 200]);
    expect([before?.relations[100]?.name, before?.relations.length]).toEqual(['t100', 200]);
  });

  test.each<[string, RegExp, (next: Bundle) => Bundle]>([
    [
      'that did not come',
      /it is not there/,
      (next) => ({ ...next, chunks: next.chunks.filter(({ kind }) => kind !== 'catalog_part') }),
    ],
    [
      'that is not what its digest says',
      /digest/,
      (next) => ({
        ...next,
        chunks: next.chunks.map((chunk) =>
          chunk.kind === 'catalog_part' ? { ...chunk, content: Buffer.from('{"relations":[]}') } : chunk,
        ),
      }),
    ],
  ])('with a part %s is refused as a whole, and the last good one stays', async (_what, reason, damage) => {
    start();
    const one = known(6, tables());
    expect(await controlPlane.publish(one)).toBeUndefined();
    expect(await controlPlane.publish(damage(beside(one, known(7, tables(100)))))).toMatch(reason);
    expect([names().includes('changed'), names().length, control?.current?.manifest.version]).toEqual([false, 200, 6]);
    expect(alarms).toBe(1);
    expect(await controlPlane.publish(known(8, tables(100)))).toBeUndefined();
    expect(names()).toContain('changed');
  });

  test('that two parts say something of twice is refused, though it is signed', async () => {
    start();
    const twice: Forgery = {
      chunk: (text, kind) => (kind === 'catalog_part' ? text.replace('"oid":20150', '"oid":20001') : text),
    };
    expect(await controlPlane.publish(known(6, tables(), twice))).toMatch(
      /catalog billing\/app: .*oid: another one has it/,
    );
    expect(control?.current).toBeUndefined();
  });

  test('is on disk, each part once, and in force after a restart; one whose part was damaged there is not', async () => {
    start();
    const [one, two] = [known(6, tables()), known(7, tables(100))];
    expect(await controlPlane.publish(one)).toBeUndefined();
    expect(await controlPlane.publish(beside(one, two))).toBeUndefined();
    await control?.stop();
    const parts = join(directory, 'catalog-parts');
    const digests = partsOf(two).map(({ digest }) => digest);
    expect(readdirSync(parts).sort()).toEqual([...digests].sort());
    start();
    expect(names()).toContain('changed');
    await control?.stop();
    writeFileSync(join(parts, digests[0] ?? ''), '{"relations":[]}');
    start();
    expect([control?.current, alarms]).toEqual([undefined, 1]);
  });
});

describe('from disk', () => {
  test.each(bad)('one %s is refused with an alarm, and nothing is decided', async (_what, reason, make) => {
    await createBundleFile(directory).write(make(), new Map());
    const { current, unfit } = start();
    expect([current, unfit?.code, alarms]).toEqual([undefined, 'policy_unavailable', 1]);
    expect(errors[0]).toMatch(/the bundle on disk is refused/);
    const { reason: told } = JSON.parse(errors[0]?.slice(errors[0].indexOf('{')) ?? '{}') as { reason: string };
    expect(told).toMatch(reason);
  });

  test('a file that is damaged raises an alarm; none at all does not', async () => {
    start();
    expect(alarms).toBe(0);
    await control?.stop();
    writeFileSync(join(directory, 'bundle.bin'), 'nonsense');
    start();
    expect([control?.current, alarms]).toEqual([undefined, 1]);
  });

  test('a good one is in force without the control plane, and an older one that comes then is refused', async () => {
    await createBundleFile(directory).write(bundle(6), new Map());
    start();
    expect(control?.current?.manifest.version).toBe(6);
    expect(await controlPlane.publish(bundle(5))).toMatch(/^older/);
    expect(control?.current?.manifest.version).toBe(6);
  });
});
