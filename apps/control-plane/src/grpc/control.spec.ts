import { createHash } from 'node:crypto';
import { Metadata, status } from '@grpc/grpc-js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeEvent } from '@sallyport/audit';
import type { AuditEvent } from '@sallyport/audit';
import {
  ApprovalsServiceService,
  CatalogReport,
  CertificateServiceService,
  ConfigurationServiceClient,
  ConfigurationServiceService,
  EvidenceServiceClient,
  EvidenceServiceService,
} from '@sallyport/contracts';
import type {
  AppendRequest,
  AppendResponse,
  AuditRecord,
  Bundle,
  StreamRequest,
  StreamResponse,
} from '@sallyport/contracts';
import { controlChannel, enrol, renew, verifyBundle } from '@sallyport/pki';
import type { NodeCredentials } from '@sallyport/pki';
import { decodeManifest } from '@sallyport/policy';
import { startPostgres, until } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { startPlane, testConfig } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import { Database } from '../db/database.js';
import { startControlPlane } from '../start.js';
import type { ControlPlane } from '../start.js';
import { JoinTokens } from '../enrolment/join-tokens.js';
import { Hub } from '../configuration/hub.js';
import type { NodeStream } from '../configuration/hub.js';
import { access } from './access.js';
import { GrpcServers } from './servers.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let postgres: TestPostgres;
let plane: TestPlane;
let second: ControlPlane;
let database: Database;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('control');
  plane = await startPlane(postgres.url('control'));
  second = await startControlPlane(testConfig(postgres.url('control')), quiet);
  database = new Database(postgres.url('control'));
});
afterAll(async () => {
  await database.$disconnect();
  await second.stop();
  await plane.stop();
  await postgres.stop();
});

const at = (of: ControlPlane, server: 'control' | 'enrolment'): string =>
  `127.0.0.1:${of.app.get(GrpcServers, { strict: false }).ports[server]}`;

async function joinToken(kind: 'proxy' | 'agent', nodeName?: string, expiresAt = new Date(Date.now() + 60_000)) {
  const { id: tenantId } = await database.tenant.findFirstOrThrow();
  const order = { tenantId, kind, nodeName, expiresAt, createdBy: 'ada' };
  return (await plane.app.get(JoinTokens, { strict: false }).create(order)).token;
}

async function node(kind: 'proxy' | 'agent', name: string): Promise<NodeCredentials> {
  return enrol({ address: at(plane, 'enrolment'), joinToken: await joinToken(kind), kind, name });
}

type Call = ClientDuplexStream<StreamRequest, StreamResponse>;

/** A node's end of the stream: what came, and the next of a kind. */
function stream(credentials: NodeCredentials, of: ControlPlane = plane) {
  const client = new ConfigurationServiceClient(at(of, 'control'), controlChannel(credentials));
  const call: Call = client.stream();
  const seen: StreamResponse[] = [];
  const ended = new Promise<number>((done) => call.on('error', ({ code }: { code?: number }) => done(code ?? -1)));
  const waiting = new Set<() => void>();
  call.on('data', (response: StreamResponse) => {
    seen.push(response);
    for (const wake of waiting) wake();
  });
  const next = async (kind: string): Promise<StreamResponse> => {
    for (;;) {
      const index = seen.findIndex(({ message }) => message?.$case === kind);
      if (index >= 0) return seen.splice(index, 1)[0] ?? ({} as StreamResponse);
      await new Promise<void>((done) => waiting.add(done));
    }
  };
  const send = (message: StreamRequest['message']): void => void call.write({ message });
  const hello = (chunks: string[] = []): void =>
    send({
      $case: 'hello',
      value: { softwareVersion: '1', chunks, manifestVersion: 0, tunnel: undefined, listeners: [] },
    });
  const bundle = async (kind: 'snapshot' | 'delta'): Promise<Bundle> => {
    const { message } = await next(kind);
    if (message?.$case !== 'snapshot' && message?.$case !== 'delta') throw new Error('no bundle');
    return message.value;
  };
  const stop = (): void => {
    call.cancel();
    client.close();
  };
  return { send, hello, bundle, next, ended, stop };
}

const manifestOf = (bundle: Bundle) => {
  const read = decodeManifest(bundle.manifest);
  if (!read.ok) throw new Error(read.problem);
  return read.value;
};

async function connection(name: string, agents: string[]): Promise<void> {
  const made = await plane.admin('PUT', `/v1/connections/${name}`, {
    protocol: 'postgres',
    environment: 'production',
    host: '127.0.0.1',
    port: 5432,
    tls: 'disable',
    database: 'app',
    agents,
    credential: name,
  });
  expect([name, made.status, made.body['detail']]).toEqual([name, 201, undefined]);
}

test('the table names every method of every service, and no other', () => {
  const services = [
    ApprovalsServiceService,
    CertificateServiceService,
    ConfigurationServiceService,
    EvidenceServiceService,
  ];
  const paths = services.flatMap((service) => Object.values(service).map(({ path }) => path));
  expect(Object.keys(access).sort()).toEqual(paths.sort());
});

describe('enrolment', () => {
  test('one of fifty that race gets in, over two replicas', async () => {
    const token = await joinToken('proxy', 'racer');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) =>
        enrol({
          address: at(index % 2 === 0 ? plane : second, 'enrolment'),
          joinToken: token,
          kind: 'proxy',
          name: 'racer',
        }),
      ),
    );
    expect(outcomes.filter(({ status: outcome }) => outcome === 'fulfilled')).toHaveLength(1);
  });

  test('a token is for its kind and its name', async () => {
    const address = at(plane, 'enrolment');
    const token = await joinToken('proxy', 'only-me');
    await expect(enrol({ address, joinToken: token, kind: 'agent', name: 'only-me' })).rejects.toThrow('not valid');
    await expect(enrol({ address, joinToken: token, kind: 'proxy', name: 'another' })).rejects.toThrow('not valid');
    expect((await enrol({ address, joinToken: token, kind: 'proxy', name: 'only-me' })).name).toBe('only-me');
    const late = await joinToken('proxy', undefined, new Date(Date.now() - 1));
    await expect(enrol({ address, joinToken: late, kind: 'proxy', name: 'late' })).rejects.toThrow('not valid');
    const kept = await database.joinToken.findMany();
    expect(kept.some(({ hash }) => token.includes(hash))).toBe(false);
  });

  test('a certificate buys the next one, at any replica; a disabled node gets none, and its stream ends', async () => {
    const first = await node('proxy', 'renewing');
    const next = await renew({ address: at(second, 'control'), credentials: first });
    expect(next.certificate).not.toBe(first.certificate);
    const live = stream(next, second);
    live.hello();
    await live.bundle('snapshot');
    await plane.admin('PUT', '/v1/proxies/renewing', { disabled: true });
    expect(await live.ended).toBe(status.PERMISSION_DENIED);
    await expect(renew({ address: at(plane, 'control'), credentials: next })).rejects.toThrow('turned away');
    live.stop();
  });
});

test('a node that was removed gets no next certificate, and neither does one whose name was given to another', async () => {
  const removed = await node('agent', 'removed');
  expect((await plane.admin('DELETE', '/v1/agents/removed')).status).toBe(204);
  await expect(renew({ address: at(plane, 'control'), credentials: removed })).rejects.toThrow('turned away');
  const former = await node('agent', 'replaced');
  // Certificates know seconds: the machine that comes later comes in a later one.
  const secondOf = (): number => Math.floor(Date.now() / 1000);
  const then = secondOf();
  await until(() => secondOf() > then);
  const latter = await node('agent', 'replaced');
  await expect(renew({ address: at(plane, 'control'), credentials: former })).rejects.toThrow('turned away');
  expect((await renew({ address: at(second, 'control'), credentials: latter })).name).toBe('replaced');
});

describe('configuration', () => {
  test('a node that enrols after everything was compiled is known at once, everywhere', async () => {
    const early = stream(await node('proxy', 'early'));
    early.hello();
    await early.bundle('snapshot');
    for (const replica of [plane, second]) {
      const late = stream(await node('agent', `late-${replica === plane ? 1 : 2}`), replica);
      late.hello();
      expect(await Promise.race([late.ended, late.bundle('snapshot').then(() => 'let in')])).toBe('let in');
      late.stop();
    }
    early.stop();
  });

  test('an agent that is turned away serves no connection any more', async () => {
    await node('agent', 'b1');
    await node('agent', 'b2');
    await connection('shared', ['b1', 'b2', 'never-seen']);
    const proxy = stream(await node('proxy', 'watching'));
    proxy.hello();
    const agentsIn = (bundle: Bundle): unknown => {
      const chunk = bundle.chunks.find(({ kind, name }) => kind === 'connection' && name === 'shared');
      return chunk === undefined ? undefined : (JSON.parse(chunk.content.toString()) as { agents: unknown }).agents;
    };
    expect(agentsIn(await proxy.bundle('snapshot'))).toEqual(['b1', 'b2']);
    await plane.admin('PUT', '/v1/agents/b1', { disabled: true });
    let agents: unknown;
    do agents = agentsIn(await proxy.bundle('delta'));
    while (agents === undefined);
    expect(agents).toEqual(['b2']);
    proxy.stop();
  });

  test('snapshot, delta across replicas, ack and nack; an agent sees its own only', async () => {
    const [proxyNode, agentNode] = [await node('proxy', 'p1'), await node('agent', 'a1')];
    await connection('mine', ['a1']);
    await connection('theirs', ['a2']);
    const proxy = stream(proxyNode);
    proxy.hello();
    const snapshot = await proxy.bundle('snapshot');
    const key = Buffer.from(proxyNode.bundleKeys[0]?.publicKey ?? '', 'base64');
    expect(verifyBundle(key, snapshot.manifest, snapshot.signature)).toBe(true);
    expect(manifestOf(snapshot).tenant).toBe(proxyNode.tenant);
    expect(manifestOf(snapshot).chunks.map(({ kind, name }) => `${kind} ${name}`)).toEqual(
      expect.arrayContaining(['identity ', 'connection mine', 'connection theirs']),
    );
    for (const { digest, content } of snapshot.chunks)
      expect(createHash('sha256').update(content).digest('hex')).toBe(digest);
    const agent = stream(agentNode, second);
    agent.hello();
    const slice = manifestOf(await agent.bundle('snapshot')).chunks.map(({ kind, name }) => `${kind} ${name}`);
    expect(slice.sort()).toEqual(['agent_connection mine', 'proxies ']);

    await plane.admin('PUT', '/v1/connections/theirs', {
      protocol: 'postgres',
      environment: 'staging',
      host: '127.0.0.1',
      port: 5432,
      tls: 'disable',
      database: 'app',
      agents: ['a2'],
      credential: 'theirs',
    });
    const delta = await proxy.bundle('delta');
    expect(delta.chunks.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['connection theirs']);
    expect(manifestOf(delta).version).toBeGreaterThan(manifestOf(snapshot).version);

    proxy.send({ $case: 'acknowledge', value: { manifestVersion: manifestOf(delta).version } });
    proxy.send({ $case: 'refuse', value: { manifestVersion: 99, reason: 'lacks something' } });
    let row = await database.node.findFirst({ where: { kind: 'proxy', name: 'p1' } });
    for (let tries = 0; tries < 50 && row?.refusal === null; tries += 1) {
      await new Promise((done) => setTimeout(done, 20));
      row = await database.node.findFirst({ where: { kind: 'proxy', name: 'p1' } });
    }
    expect([Number(row?.manifestVersion), row?.refusal]).toEqual([manifestOf(delta).version, 'lacks something']);

    const known = stream(proxyNode, second);
    known.hello([...snapshot.chunks, ...delta.chunks].map(({ digest }) => digest));
    expect((await known.bundle('snapshot')).chunks).toEqual([]);
    for (const each of [proxy, agent, known]) each.stop();
  });

  test('a node has a few streams, not many: the oldest one ends', async () => {
    const credentials = await node('agent', 'many');
    const streams = Array.from({ length: 5 }, () => stream(credentials));
    for (const each of streams) {
      each.hello();
      await each.bundle('snapshot');
    }
    expect(await streams[0]?.ended).toBe(status.ABORTED);
    for (const each of streams) each.stop();
  });

  test('a node that does not read what it is sent is cut off, before it fills the memory', async () => {
    const { id: tenantId } = await database.tenant.findFirstOrThrow();
    const client = new ConfigurationServiceClient(at(plane, 'control'), controlChannel(await node('proxy', 'deaf')));
    const call: Call = client.stream();
    const code = new Promise((done) => call.on('error', (problem: { code?: number }) => done(problem.code)));
    call.write({
      message: {
        $case: 'hello',
        value: { softwareVersion: '1', chunks: [], manifestVersion: 0, tunnel: undefined, listeners: [] },
      },
    });
    const deaf = (): NodeStream | undefined =>
      plane.app
        .get(Hub, { strict: false })
        .proxies(tenantId)
        .find(({ peer }) => peer.name === 'deaf');
    await until(() => deaf() !== undefined);
    const value = { sessionId: 'ses_1', reason: 'x'.repeat(100_000) };
    let sent = 0;
    await until(() => {
      for (let live = deaf(), at = 0; live !== undefined && at < 100; live = deaf(), at++, sent++)
        live.send({ $case: 'endSession', value });
      return deaf() === undefined || sent > 5_000;
    });
    expect(sent).toBeLessThan(1_000);
    call.resume();
    expect(await code).toBe(status.RESOURCE_EXHAUSTED);
    client.close();
  });

  test('a proxy cannot say what agents say, nor anything before hello', async () => {
    const credentials = await node('proxy', 'p2');
    const proxy = stream(credentials);
    proxy.hello();
    proxy.send({
      $case: 'catalog',
      value: CatalogReport.fromPartial({ connection: 'mine', database: 'app' }),
    });
    expect(await proxy.ended).toBe(status.PERMISSION_DENIED);
    const rude = stream(credentials);
    rude.send({ $case: 'heartbeat', value: { sentAt: 1 } });
    expect(await rude.ended).toBe(status.FAILED_PRECONDITION);
    for (const each of [proxy, rude]) each.stop();
  });
});

describe('evidence', () => {
  const opened = (session: string, proxy: string, application = 'x'): AuditEvent => ({
    type: 'session.opened',
    id: `${session}:0`,
    session,
    sequence: 0,
    at: 1_000,
    proxy,
    connection: 'mine',
    database: 'app',
    caller: { kind: 'subagent', id: 's', name: 'etl', onBehalfOf: [] },
    agent: 'a1',
    clientAddress: '127.0.0.1',
    application,
  });
  const record = (event: AuditEvent): AuditRecord => ({ id: event.id, content: Buffer.from(encodeEvent(event)) });

  test('is kept once, refused alone where it is wrong, and taken from proxies in their own name', async () => {
    const credentials = await node('proxy', 'ev');
    const client = new EvidenceServiceClient(at(plane, 'control'), controlChannel(credentials));
    const call: ClientDuplexStream<AppendRequest, AppendResponse> = client.append();
    const answers: AppendResponse[] = [];
    const done = new Promise<void>((resolve) => call.on('end', resolve));
    call.on('data', (answer: AppendResponse) => answers.push(answer));
    const good = record(opened('ses_1', 'ev', 'nul \0 inside'));
    call.write({ batch: 1, records: [good, { id: 'x', content: Buffer.from('{') }, record(opened('ses_2', 'other'))] });
    call.write({
      batch: 2,
      records: [
        good,
        record({
          type: 'session.closed',
          id: 'ses_1:1',
          session: 'ses_1',
          sequence: 1,
          at: 2_000,
          proxy: 'ev',
          cause: 'finished',
        }),
      ],
    });
    call.write({ batch: 3, records: [record(opened('ses_1', 'ev', 'another'))] });
    call.end();
    await done;
    expect(answers.map(({ batch, refused }) => [batch, refused.map(({ id }) => id)])).toEqual([
      [1, ['x', 'ses_2:0']],
      [2, []],
      [3, ['ses_1:0']],
    ]);
    expect(await database.auditRecord.count({ where: { sessionId: 'ses_1' } })).toBe(2);
    const session = await database.session.findUnique({ where: { id: 'ses_1' } });
    expect([session?.proxy, session?.closeCause]).toEqual(['ev', 'finished']);
    client.close();
  });

  test('an intent that comes before its session is counted, and another proxy closes no session', async () => {
    const [mine, other] = [await node('proxy', 'early-intent'), await node('proxy', 'meddler')];
    const session = 'ses_early';
    const statement = (sequence: number, proxy = 'early-intent'): AuditRecord =>
      record({
        type: 'statement.intent',
        id: `${session}:${sequence}`,
        session,
        sequence,
        at: 1_500,
        proxy,
        command: `cmd_${sequence}`,
        connection: 'mine',
        database: 'app',
        caller: { kind: 'subagent', id: 's', name: 'etl', onBehalfOf: [] },
        text: 'select 1',
        digest: 'a'.repeat(64),
        kinds: [],
        tables: [],
        policyVersion: 1,
        policies: [],
        verdict: 'allowed',
        approval: undefined,
      });
    const commit = (credentials: NodeCredentials, ...records: AuditRecord[]): Promise<void> => {
      const client = new EvidenceServiceClient(at(plane, 'control'), controlChannel(credentials));
      return new Promise<void>((done, failed) =>
        client.appendDurable({ records }, new Metadata(), (problem) => (problem === null ? done() : failed(problem))),
      ).finally(() => client.close());
    };
    await commit(mine, statement(1));
    await commit(mine, record(opened(session, 'early-intent')), statement(1), statement(2));
    const closed = (proxy: string, sequence: number): AuditRecord =>
      record({
        type: 'session.closed',
        id: `${session}:${sequence}`,
        session,
        sequence,
        at: 2_000,
        proxy,
        cause: 'finished',
      });
    await commit(other, closed('meddler', 77));
    const kept = () => database.session.findUniqueOrThrow({ where: { id: session } });
    expect([(await kept()).statements, (await kept()).closedAt]).toEqual([2, null]);
    await commit(mine, closed('early-intent', 3));
    expect([(await kept()).statements, (await kept()).closeCause]).toEqual([2, 'finished']);
  });

  test('is not taken from agents', async () => {
    const client = new EvidenceServiceClient(at(plane, 'control'), controlChannel(await node('agent', 'nosy')));
    const code = await new Promise<number | undefined>((done) =>
      client.appendDurable({ records: [] }, new Metadata(), (problem) => done(problem?.code)),
    );
    expect(code).toBe(status.PERMISSION_DENIED);
    client.close();
  });
});

test('another key is refused as a configuration problem', async () => {
  const wrong = testConfig(postgres.url('control'), { SALLYPORT_KEY: Buffer.alloc(32, 7).toString('base64') });
  await expect(startControlPlane(wrong, quiet)).rejects.toMatchObject({ name: 'ConfigProblem' });
});
