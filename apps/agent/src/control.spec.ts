import { Server, ServerCredentials, credentials } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CatalogReport, ConfigurationServiceClient, ConfigurationServiceService } from '@sallyport/contracts';
import type { Bundle, ConfigurationServiceServer, StreamRequest, StreamResponse } from '@sallyport/contracts';
import { verifyBundle } from '@sallyport/pki';
import type { Chunk, Manifest } from '@sallyport/policy/bundle';
import { until } from '@sallyport/testing';
import { connectionChunk, createTestAuthority, signedBundle, tenant } from '../testing/authority.js';
import type { TestAuthority } from '../testing/authority.js';
import type { Assignment } from './assignment.js';
import { createBundleFile } from './bundle-file.js';
import { createControl } from './control.js';
import type { Control } from './control.js';

type Call = ServerDuplexStream<StreamRequest, StreamResponse>;
type Message = NonNullable<StreamRequest['message']>;

/** An agent's end of the configuration stream, over a real wire and with a real disk. */
let authority: TestAuthority;
let stranger: TestAuthority;
beforeAll(async () => {
  authority = await createTestAuthority();
  stranger = await createTestAuthority();
});

let directory: string;
let server: Server;
let port: number;
let calls: Call[];
let heard: Message[];
let assigned: Assignment[];
let alarms: number;
let control: Control;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-agent-control-'));
  [calls, heard, assigned, alarms] = [[], [], [], 0];
  server = new Server();
  const configuration: ConfigurationServiceServer = {
    stream: (call) => {
      calls.push(call);
      call.on('error', () => undefined);
      call.on('data', ({ message }: StreamRequest) => void (message !== undefined && heard.push(message)));
      call.on('end', () => call.end());
    },
  };
  server.addService(ConfigurationServiceService, configuration);
  port = await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
});
afterEach(() => {
  control.stop();
  server.forceShutdown();
  rmSync(directory, { recursive: true, force: true });
});

const start = (): Control => {
  control = createControl({
    client: () => new ConfigurationServiceClient(`127.0.0.1:${port}`, credentials.createInsecure()),
    file: createBundleFile(directory),
    trust: {
      tenant: () => tenant,
      verify: ({ bytes, signature, keyId }) =>
        keyId === authority.keyId && verifyBundle(authority.publicKey, bytes, signature),
    },
    softwareVersion: '0',
    alarm: () => (alarms += 1),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  control.start({
    assigned: (assignment) => void assigned.push(assignment),
    readCatalog: () => undefined,
    sampleColumns: () => undefined,
  });
  return control;
};

const billing: readonly [string, Chunk] = ['billing', { kind: 'agent_connection', value: connectionChunk() }];
const bundle = (version: number, more: Partial<Manifest> = {}, by = authority): Bundle =>
  signedBundle(by, [billing], { version, ...more });

/** What the agent answers to a bundle. */
const publish = async (value: Bundle): Promise<Message> => {
  await until(() => heard.some(({ $case }) => $case === 'hello'));
  const before = heard.length;
  calls.at(-1)?.write({ message: { $case: 'delta', value } });
  await until(() => heard.slice(before).some(({ $case }) => $case === 'acknowledge' || $case === 'refuse'));
  return heard.slice(before).find(({ $case }) => $case === 'acknowledge' || $case === 'refuse') as Message;
};

const bad: readonly (readonly [string, RegExp, () => Bundle])[] = [
  ['without a signature', /^unsigned/, () => ({ ...bundle(7), signature: Buffer.alloc(0) })],
  ['signed by somebody else', /^unsigned/, () => bundle(7, {}, stranger)],
  ['that expired', /^expired/, () => bundle(7, { notAfter: 1_000 })],
  ['of another tenant', /^other_tenant/, () => bundle(7, { tenant: 'another' })],
  ['older than the one in force', /^older/, () => bundle(5)],
  [
    'that lacks a chunk',
    /^lacks agent_connection shop/,
    () => signedBundle(authority, [billing, shop], { version: 7, without: ['shop'] }),
  ],
  ['with a chunk for proxies', /not for agents/, () => signedBundle(authority, [billing, identity], { version: 7 })],
];
const shop: readonly [string, Chunk] = [
  'shop',
  { kind: 'agent_connection', value: connectionChunk({ id: 'con_2', name: 'shop' }) },
];
const identity: readonly [string, Chunk] = [
  '',
  { kind: 'identity', value: { issuers: [], own: { issuer: 'https://gate', keys: [] }, subagents: [], users: [] } },
];

describe('an agent’s bundles', () => {
  test.each(bad)(
    'one %s is refused with its reason and an alarm, and the last good one stays',
    async (_what, reason, make) => {
      start();
      expect(await publish(bundle(6))).toMatchObject({ $case: 'acknowledge', value: { manifestVersion: 6 } });
      const answer = await publish(make());
      expect(answer.$case === 'refuse' ? answer.value.reason : answer).toMatch(reason);
      expect([control.current?.manifest.version, alarms, assigned.length]).toEqual([6, 1, 1]);
      expect(await publish(bundle(8))).toMatchObject({ $case: 'acknowledge' });
    },
  );

  test.each(bad.filter(([what]) => !what.includes('older')))(
    'one %s on disk is refused with an alarm, and nothing is served',
    (_what, _reason, make) => {
      createBundleFile(directory).write(make());
      start();
      expect([control.current, alarms, assigned]).toEqual([undefined, 1, []]);
    },
  );

  test('a good one on disk is served without the control plane; a damaged file raises an alarm', () => {
    createBundleFile(directory).write(bundle(6));
    start();
    expect([control.current?.manifest.version, alarms, assigned.length]).toEqual([6, 0, 1]);
    control.stop();
    writeFileSync(join(directory, 'bundle.bin'), 'nonsense');
    start();
    expect([control.current, alarms]).toEqual([undefined, 1]);
  });

  test('what has expired is served no more', async () => {
    start();
    await publish(bundle(6, { notAfter: Date.now() + 300 }));
    await until(() => control.current === undefined);
    expect(await publish(bundle(7))).toMatchObject({ $case: 'acknowledge' });
    expect(control.current?.manifest.version).toBe(7);
  });

  test('a part that cannot take its assignment does not end the agent', async () => {
    control = start();
    control.stop();
    const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
    control = createControl({
      client: () => new ConfigurationServiceClient(`127.0.0.1:${port}`, credentials.createInsecure()),
      file: createBundleFile(directory),
      trust: { tenant: () => tenant, verify: () => true },
      softwareVersion: '0',
      alarm: () => (alarms += 1),
      log: quiet,
    });
    heard = [];
    control.start({
      assigned: () => {
        throw new Error('a bug');
      },
      readCatalog: () => undefined,
      sampleColumns: () => undefined,
    });
    expect(await publish(bundle(6))).toMatchObject({
      $case: 'refuse',
      value: { reason: expect.stringMatching(/^malformed/) as unknown },
    });
  });
});

describe('an agent’s stream', () => {
  test('comes back, and brings the newest catalog of each database that it still serves', async () => {
    start();
    await publish(bundle(6));
    const report = (connection: string, content: string): void =>
      control.report(CatalogReport.fromPartial({ connection, database: 'app', content: Buffer.from(content) }));
    report('billing', 'old');
    report('billing', 'new');
    report('gone', 'x');
    await publish(bundle(7));
    heard = [];
    calls.at(-1)?.emit('error', { code: 14, details: 'bye' });
    await until(() => heard.some(({ $case }) => $case === 'catalog'));
    const catalogs = heard.flatMap((message) => (message.$case === 'catalog' ? [message.value] : []));
    expect(catalogs.map(({ connection, content }) => [connection, content.toString()])).toEqual([['billing', 'new']]);
    expect(heard[0]).toMatchObject({ $case: 'hello', value: { manifestVersion: 7 } });
  });

  test('is opened again under a new certificate, and the old one ends', async () => {
    start();
    await publish(bundle(6));
    heard = [];
    control.reconnect();
    await until(() => calls.length === 2 && heard.some(({ $case }) => $case === 'hello'));
    expect(await publish(bundle(7))).toMatchObject({ $case: 'acknowledge' });
  });
});
