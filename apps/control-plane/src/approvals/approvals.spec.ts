import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApprovalState, ApprovalsServiceClient, RequestRequest } from '@sallyport/contracts';
import type { RedeemResponse, RequestResponse, WatchResponse } from '@sallyport/contracts';
import { controlChannel, enrol } from '@sallyport/pki';
import type { NodeCredentials } from '@sallyport/pki';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { startPlane, testConfig } from '../../testing/plane.js';
import type { Rest, TestPlane } from '../../testing/plane.js';
import { Database } from '../db/database.js';
import { JoinTokens } from '../enrolment/join-tokens.js';
import { GrpcServers } from '../grpc/servers.js';
import { startControlPlane } from '../start.js';
import type { ControlPlane } from '../start.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let postgres: TestPostgres;
let plane: TestPlane;
let second: ControlPlane;
let database: Database;
let proxy: NodeCredentials;
let grace: Rest;
let linus: Rest;
let subagent: string;
const clients: ApprovalsServiceClient[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('control');
  plane = await startPlane(postgres.url('control'));
  second = await startControlPlane(testConfig(postgres.url('control')), quiet);
  database = new Database(postgres.url('control'));
  const { id: tenantId } = await database.tenant.findFirstOrThrow();
  const expiresAt = new Date(Date.now() + 60_000);
  const order = { tenantId, kind: 'proxy' as const, nodeName: 'gate-1', expiresAt, createdBy: 'ada' };
  const { token } = await plane.app.get(JoinTokens, { strict: false }).create(order);
  proxy = await enrol({ address: at(plane, 'enrolment'), joinToken: token, kind: 'proxy', name: 'gate-1' });
  clients.push(clientOf(plane), clientOf(second));
  grace = await plane.as('grace', 'approver');
  linus = await plane.as('linus', 'approver');
  const owner = await database.user.findFirstOrThrow({ where: { name: 'linus' } });
  const issuer = { id: 'iss_1', tenantId, name: 'ci', issuer: 'https://ci.test', audiences: ['x'] };
  await database.issuer.create({ data: issuer });
  subagent = 'sub_1';
  await database.subagent.create({
    data: {
      id: subagent,
      tenantId,
      name: 'deployer',
      issuerId: issuer.id,
      claims: { sub: 'deployer' },
      ownerId: owner.id,
    },
  });
  await plane.admin('PUT', '/v1/connections/billing', {
    protocol: 'postgres',
    environment: 'production',
    host: '127.0.0.1',
    port: 5432,
    tls: 'disable',
    database: 'app',
    agents: ['a'],
    credential: 'b',
  });
});
afterAll(async () => {
  for (const client of clients) client.close();
  await database.$disconnect();
  await second.stop();
  await plane.stop();
  await postgres.stop();
});

const at = (of: ControlPlane, server: 'control' | 'enrolment'): string =>
  `127.0.0.1:${of.app.get(GrpcServers, { strict: false }).ports[server]}`;
const clientOf = (of: ControlPlane): ApprovalsServiceClient =>
  new ApprovalsServiceClient(at(of, 'control'), controlChannel(proxy));
const [first, other] = [() => clients[0] as ApprovalsServiceClient, () => clients[1] as ApprovalsServiceClient];

const held = (binding: Buffer, approvalsNeeded = 1): RequestRequest =>
  RequestRequest.fromPartial({
    sessionId: 'ses_1',
    commandId: 'cmd_1',
    callerKind: 'subagent',
    callerId: subagent,
    connection: 'billing',
    database: 'app',
    binding,
    policies: ['writes'],
    reason: 'ask the DBA',
    approvalsNeeded,
    effect: 'deletes from public.invoices',
    shownText: 'delete from invoices',
    command: {
      connection: 'billing',
      database: 'app',
      binding,
      text: "delete from invoices where note = 'raw-canary'",
      extended: false,
    },
  });
const fresh = (): Buffer => createHash('sha256').update(randomBytes(8)).digest();
const ask = (client: ApprovalsServiceClient, request: RequestRequest): Promise<RequestResponse> =>
  new Promise((resolve, reject) =>
    client.request(request, (error, answer) => (error === null ? resolve(answer) : reject(error))),
  );
const redeem = (
  client: ApprovalsServiceClient,
  approvalId: string,
  binding: Buffer,
  sessionId = 'ses_1',
): Promise<RedeemResponse> =>
  new Promise((resolve, reject) =>
    client.redeem({ approvalId, binding, sessionId, commandId: 'cmd_1' }, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    ),
  );

describe('approvals', () => {
  test('the same held command gets the same approval, on any replica', async () => {
    const binding = fresh();
    const answers = await Promise.all([first(), other(), first(), other()].map((client) => ask(client, held(binding))));
    expect(new Set(answers.map(({ approvalId }) => approvalId)).size).toBe(1);
    expect((await ask(first(), held(fresh()))).approvalId).not.toBe(answers[0]?.approvalId);
  });

  test('of 200 racing redeems on two replicas one is granted', async () => {
    const binding = fresh();
    const { approvalId } = await ask(first(), held(binding));
    expect((await redeem(first(), approvalId, binding)).granted).toBe(false);
    expect((await grace('POST', `/v1/approvals/${approvalId}/approve`, {})).status).toBe(200);
    expect((await redeem(first(), approvalId, fresh())).granted).toBe(false);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => redeem(n % 2 === 0 ? first() : other(), approvalId, binding, `ses_${n}`)),
    );
    expect(answers.filter(({ granted }) => granted)).toHaveLength(1);
    expect(answers.find(({ granted }) => granted)?.approvers).toEqual(['grace']);
  });

  test('who stands behind the caller cannot agree, and nobody twice', async () => {
    const { approvalId } = await ask(first(), held(fresh(), 2));
    expect((await linus('POST', `/v1/approvals/${approvalId}/approve`, {})).status).toBe(403);
    expect((await grace('POST', `/v1/approvals/${approvalId}/approve`, {})).body['state']).toBe('pending');
    expect((await grace('POST', `/v1/approvals/${approvalId}/approve`, {})).status).toBe(409);
    expect((await plane.admin('POST', `/v1/approvals/${approvalId}/approve`, {})).body['state']).toBe('approved');
  });

  test('one no denies, and its reason reaches a watcher on another replica', async () => {
    const { approvalId } = await ask(first(), held(fresh()));
    const seen: WatchResponse[] = [];
    const ended = new Promise<void>((resolve) => {
      const call = other().watch({ approvalId });
      call.on('data', (answer: WatchResponse) => seen.push(answer));
      call.on('end', () => resolve());
      call.on('error', () => resolve());
    });
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await grace('POST', `/v1/approvals/${approvalId}/deny`, { reason: 'not today' });
    await ended;
    expect(seen.map(({ state }) => state)).toEqual([
      ApprovalState.APPROVAL_STATE_PENDING,
      ApprovalState.APPROVAL_STATE_DENIED,
    ]);
    expect(seen.at(-1)?.reason).toBe('not today');
    expect((await grace('POST', `/v1/approvals/${approvalId}/approve`, {})).status).toBe(409);
  });

  test('whoever leaves withdraws; expiry refuses', async () => {
    const binding = fresh();
    const { approvalId } = await ask(first(), held(binding));
    await new Promise((resolve) => first().withdraw({ approvalId, sessionId: 'ses_other' }, resolve));
    expect((await plane.admin('GET', `/v1/approvals/${approvalId}`)).body['state']).toBe('pending');
    await new Promise((resolve) => first().withdraw({ approvalId, sessionId: 'ses_1' }, resolve));
    expect((await plane.admin('GET', `/v1/approvals/${approvalId}`)).body['state']).toBe('withdrawn');

    const late = await ask(first(), held(binding));
    await grace('POST', `/v1/approvals/${late.approvalId}/approve`, {});
    await database.approval.update({ where: { id: late.approvalId }, data: { expiresAt: new Date(Date.now() - 1) } });
    expect((await redeem(first(), late.approvalId, binding)).granted).toBe(false);
    expect((await plane.admin('GET', `/v1/approvals/${late.approvalId}`)).body['state']).toBe('expired');
  });

  test('a run waits for a yes, and runs once at a time', async () => {
    const { approvalId } = await ask(first(), held(fresh()));
    const early = await plane.admin('POST', `/v1/approvals/${approvalId}/run`, {});
    expect([early.status, early.body['code']]).toEqual([425, 'approval_pending']);
    expect((await grace('POST', `/v1/approvals/${approvalId}/run`, {})).status).toBe(403);
  });

  test('the kept command is sealed: its raw text is nowhere in the database', async () => {
    await ask(first(), held(fresh()));
    const rows = await database.$queryRaw<
      { found: boolean }[]
    >`select exists (select from "Approval" a where to_jsonb(a)::text like '%raw-canary%' or position('raw-canary'::bytea in a."sealedCommand") > 0) as found`;
    expect(rows).toEqual([{ found: false }]);
  });

  test('an approval that is not there is not found', async () => {
    const code = await new Promise<number>((resolve) =>
      first()
        .watch({ approvalId: 'apr_0' })
        .on('error', (error: { code?: number }) => resolve(error.code ?? -1))
        .on('data', () => undefined),
    );
    expect(code).toBe(5);
  });
});
