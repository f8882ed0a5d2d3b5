import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateServiceService, EnrolmentServiceService } from '@sallyport/contracts';
import type { CertificateServiceServer, Credentials, EnrolmentServiceServer } from '@sallyport/contracts';
import { until } from '@sallyport/testing';
import { certificateLifetime, createAuthority, issueCertificate } from './authority.js';
import type { Authority } from './authority.js';
import { createJoinToken, formatJoinToken } from './join-token.js';
import { openNode } from './node.js';
import type { Node, NodeClock, NodeOptions } from './node.js';
import { certificatePem, fingerprintOf, privateKeyPem } from './pem.js';
import { checkRequest, createRequest } from './request.js';
import { readCredentials } from './store.js';

const tenant = 'default';
const hour = 3_600_000;

/** A control plane's two services over real TLS, and what it is to say next. */
let authority: Authority;
let server: Server;
let address: string;
let joinToken: string;
let directory: string;
let issued: number;
let refusal: { code: status; details: string } | undefined;
/** Hours by which the next certificate is issued in the past. */
let backdated: number;
let nodes: Node[];
let logged: string[];
/** What a worker's certificate says, where it says something else. */
let misnamed: string | undefined;

const credentialsFor = async (request: Uint8Array, name = 'gate-1'): Promise<Credentials> => {
  const publicKey = await checkRequest(request);
  if (publicKey === undefined) throw new Error('no request');
  issued += 1;
  const certificate = await issueCertificate({
    authority,
    publicKey,
    identity: { tenant, kind: 'proxy', name },
    now: Date.now() - backdated * hour,
  });
  return {
    certificateChain: [Buffer.from(certificate)],
    authorities: [Buffer.from(authority.certificate)],
    bundleKeys: [],
    tenant,
    nodeId: 'nod_1',
    nodeName: name,
  };
};

beforeEach(async () => {
  [issued, refusal, backdated, nodes, logged, misnamed] = [0, undefined, 0, [], [], undefined];
  directory = mkdtempSync(join(tmpdir(), 'sallyport-node-'));
  authority = await createAuthority({ tenant, now: Date.now() });
  joinToken = formatJoinToken(createJoinToken(fingerprintOf(authority.certificate)));
  const { privateKey, request } = await createRequest();
  const publicKey = await checkRequest(request);
  if (publicKey === undefined) throw new Error('no request');
  const own = await issueCertificate({
    authority,
    publicKey,
    identity: { tenant, kind: 'control-plane', name: 'control-plane' },
    hosts: ['127.0.0.1'],
    now: Date.now(),
  });
  server = new Server();
  const answer = (
    request: Uint8Array,
    done: (problem: object | null, value?: { credentials: Credentials }) => void,
    name?: string,
  ) => {
    if (refusal !== undefined) return done(refusal);
    void credentialsFor(request, name).then((credentials) => done(null, { credentials }));
  };
  const enrolment: EnrolmentServiceServer = { enrol: (call, done) => answer(call.request.certificateRequest, done) };
  const certificates: CertificateServiceServer = {
    renew: (call, done) => answer(call.request.certificateRequest, done),
    enrolWorker: (call, done) =>
      answer(call.request.certificateRequest, done, misnamed ?? `gate-1.${call.request.number}`),
  };
  server.addService(EnrolmentServiceService, enrolment);
  server.addService(CertificateServiceService, certificates);
  const ca = certificatePem(authority.certificate);
  const pair = {
    cert_chain: Buffer.from(certificatePem(own) + ca),
    private_key: Buffer.from(privateKeyPem(privateKey)),
  };
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(Buffer.from(ca), [pair]), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  address = `127.0.0.1:${port}`;
});
afterEach(() => {
  for (const node of nodes) node.close();
  server.forceShutdown();
  rmSync(directory, { recursive: true, force: true });
});

/** Time that passes when a test says so. */
const createClock = () => {
  let now = Date.now();
  let sleeping: { readonly until: number; readonly action: () => void } | undefined;
  const clock: NodeClock = {
    now: () => now,
    after: (milliseconds, action) => {
      sleeping = { until: now + milliseconds, action };
      return () => (sleeping = undefined);
    },
  };
  return {
    clock,
    get sleeps() {
      return sleeping === undefined ? undefined : sleeping.until - now;
    },
    /** Until whoever sleeps wakes. */
    wake: () => {
      const { until: at, action } = sleeping ?? { until: now, action: () => undefined };
      sleeping = undefined;
      now = at;
      action();
    },
  };
};

const open = async (more: Partial<NodeOptions> = {}): Promise<Node> => {
  const log = (_detail: object, message: string): void => void logged.push(message);
  const node = await openNode({
    directory,
    kind: 'proxy',
    name: 'gate-1',
    control: address,
    enrolment: address,
    joinToken,
    log: { info: log, warn: log, error: log },
    ...more,
  });
  nodes.push(node);
  return node;
};

describe('a node', () => {
  test('enrols once; the next start needs no token', async () => {
    const first = await open();
    const again = await open({ joinToken: undefined, enrolment: undefined });
    expect(again.credentials()).toEqual(first.credentials());
    expect(issued).toBe(1);
  });

  test('renews by itself between one half and two thirds of its certificate’s life, and goes on with the new one', async () => {
    const time = createClock();
    const began = time.clock.now();
    const node = await open({ clock: time.clock });
    const first = node.credentials();
    const heard: string[] = [];
    node.onRenewal(() => {
      throw new Error('this part cannot take it');
    });
    node.onRenewal(({ certificate }) => heard.push(certificate));
    while (time.sleeps !== undefined) {
      expect(time.sleeps).toBeLessThanOrEqual(600_000);
      time.wake();
    }
    const passed = time.clock.now() - began;
    await until(() => heard.length === 1);
    expect(passed / certificateLifetime).toBeGreaterThan(0.49);
    expect(passed / certificateLifetime).toBeLessThan(0.67);
    expect(heard).toEqual([node.credentials().certificate]);
    expect(node.credentials().certificate).not.toBe(first.certificate);
    expect(node.credentials().privateKey).not.toBe(first.privateKey);
    expect(readCredentials(directory)).toEqual(node.credentials());
  });

  test('that is refused keeps what it has, tries again, and goes on when it is let in', async () => {
    const time = createClock();
    const node = await open({ clock: time.clock });
    const first = node.credentials();
    refusal = { code: status.PERMISSION_DENIED, details: 'turned away' };
    while (time.sleeps !== undefined) time.wake();
    await until(() => time.sleeps !== undefined);
    expect(logged).toContain('certificate not renewed, trying again');
    expect(node.credentials()).toEqual(first);
    expect(time.sleeps).toBeLessThanOrEqual(60_000);
    refusal = undefined;
    time.wake();
    await until(() => node.credentials().certificate !== first.certificate);
  });

  test('goes on with a new certificate that it cannot keep, and keeps it when it can', async () => {
    const time = createClock();
    const node = await open({ clock: time.clock });
    const first = node.credentials();
    const beside = join(directory, `credentials.json.${process.pid}`);
    mkdirSync(beside);
    const heard: string[] = [];
    node.onRenewal(({ certificate }) => heard.push(certificate));
    while (time.sleeps !== undefined) time.wake();
    await until(() => heard.length === 1 && time.sleeps !== undefined);
    expect(readCredentials(directory)).toEqual(first);
    rmSync(beside, { recursive: true });
    time.wake();
    await until(() => readCredentials(directory)?.certificate === heard[0]);
  });

  test('whose certificate has ended enrols again with a token', async () => {
    backdated = 30;
    await open();
    backdated = 0;
    const again = await open();
    expect(issued).toBe(2);
    expect(new X509Certificate(again.credentials().certificate).validToDate.getTime()).toBeGreaterThan(Date.now());
    expect(logged).toContain('the certificate has ended; enrolling again');
  });

  const problem = async (more: Partial<NodeOptions>): Promise<{ message: string; temporary: boolean }> => {
    const outcome: unknown = await open(more).catch((error: unknown) => error);
    if (!(outcome instanceof Error)) throw new Error('it opened');
    return outcome as Error & { temporary: boolean };
  };
  const withoutToken = { joinToken: undefined, enrolment: undefined };

  test('whose certificate has ended, without a token, says when and what to do', async () => {
    backdated = 30;
    await open();
    const { message, temporary } = await problem(withoutToken);
    expect(message).toMatch(/the certificate of the proxy "gate-1" ended at \d{4}-\d\d-\d\dT.*POST \/v1\/join-tokens/);
    expect(temporary).toBe(false);
  });

  test('that never enrolled says what to do', async () => {
    expect((await problem(withoutToken)).message).toMatch(/is not enrolled: make a join token .*SALLYPORT_JOIN_TOKEN/);
  });

  test('does not take the directory of another one', async () => {
    await open();
    const { message } = await problem({ name: 'gate-2' });
    expect(message).toContain('belongs to the proxy "gate-1", and this is the proxy "gate-2"');
    expect(issued).toBe(1);
  });

  test.each([
    ['that is no JSON', () => writeFileSync(join(directory, 'credentials.json'), '{'), 'is damaged'],
    [
      'whose key is another one’s',
      () => {
        const path = join(directory, 'credentials.json');
        const kept = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
        writeFileSync(path, JSON.stringify({ ...kept, privateKey: String(kept['privateKey']).slice(0, 60) }));
      },
      'is damaged',
    ],
    [
      'that cannot be read',
      () => {
        rmSync(join(directory, 'credentials.json'));
        mkdirSync(join(directory, 'credentials.json'));
      },
      'cannot be read (EISDIR)',
    ],
  ])('with a credentials file %s names it', async (_what, damage, words) => {
    await open();
    damage();
    const { message, temporary } = await problem({});
    expect(message).toContain(join(directory, 'credentials.json'));
    expect([message.includes(words), temporary]).toEqual([true, false]);
  });

  test('does not spend its token on a directory that cannot be written', async () => {
    const path = join(directory, 'file');
    writeFileSync(path, '');
    const { message } = await problem({ directory: path });
    expect(message).toMatch(/SALLYPORT_STATE_DIRECTORY .* cannot be written \(E/);
    expect(issued).toBe(0);
  });

  test('shows its token to nobody but the authority that the token names', async () => {
    const other = await createAuthority({ tenant, now: Date.now() });
    const { message } = await problem({
      joinToken: formatJoinToken(createJoinToken(fingerprintOf(other.certificate))),
    });
    expect(message).toContain('the token was not sent');
    expect(issued).toBe(0);
  });
});

describe('a worker of a proxy', () => {
  const worker = (number = 2): Promise<Node> =>
    open({
      directory: join(directory, `worker-${number}`),
      name: `gate-1.${number}`,
      joinToken: undefined,
      enrolment: undefined,
      worker: { number, proxyDirectory: directory },
    });

  test('enrols with the certificate of its proxy, in a directory of its own', async () => {
    const proxy = await open();
    const [second, third] = [await worker(2), await worker(3)];
    expect([second, third].map((node) => node.credentials().name)).toEqual(['gate-1.2', 'gate-1.3']);
    expect(readCredentials(join(directory, 'worker-2'))).toEqual(second.credentials());
    expect(readCredentials(directory)).toEqual(proxy.credentials());
  });

  test('asks at each start; what it has serves when it is told no, or nothing', async () => {
    await open();
    const first = (await worker()).credentials();
    const second = (await worker()).credentials();
    expect(second.certificate).not.toBe(first.certificate);
    refusal = { code: status.PERMISSION_DENIED, details: 'turned away' };
    expect((await worker()).credentials()).toEqual(second);
    server.forceShutdown();
    expect((await worker()).credentials()).toEqual(second);
    expect(logged).toContain('no new certificate for this worker; it goes on with the one that it has');
  });

  test('that was never let in does not start', async () => {
    await open();
    refusal = { code: status.ALREADY_EXISTS, details: 'gate-1.2 is a proxy of its own' };
    await expect(worker()).rejects.toThrow('could not enrol its worker: gate-1.2 is a proxy of its own');
  });

  test('takes no certificate of another name, and no directory of another one', async () => {
    await open();
    misnamed = 'gate-1.3';
    await expect(worker(2)).rejects.toThrow('not ours');
    expect(readCredentials(join(directory, 'worker-2'))).toBeUndefined();
    misnamed = undefined;
    await worker(2);
    const other = open({
      directory: join(directory, 'worker-2'),
      name: 'gate-1.4',
      worker: { number: 4, proxyDirectory: directory },
    });
    await expect(other).rejects.toThrow('belongs to the proxy "gate-1.2"');
  });
});
