import { createHash, randomBytes } from 'node:crypto';
import { ApprovalsServiceClient, RequestRequest } from '@sallyport/contracts';
import type { RedeemResponse, RequestResponse, WatchResponse } from '@sallyport/contracts';
import { controlChannel, enrol } from '@sallyport/pki';
import type { NodeCredentials } from '@sallyport/pki';
import { startPostgres } from '@sallyport/testing';
import { Database } from '../src/db/database.js';
import { JoinTokens } from '../src/enrolment/join-tokens.js';
import { GrpcServers } from '../src/grpc/servers.js';
import { startControlPlane } from '../src/start.js';
import type { ControlPlane } from '../src/start.js';
import { startPlane, testConfig } from './plane.js';
import type { Rest, TestPlane } from './plane.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** One proxy's line to one replica. */
export interface Line {
  request(request: RequestRequest): Promise<RequestResponse>;
  redeem(approvalId: string, binding: Buffer, sessionId?: string): Promise<RedeemResponse>;
  withdraw(approvalId: string, sessionId?: string, timeIsUp?: boolean): Promise<void>;
  /** Every state until it ends. */
  watch(approvalId: string): { readonly seen: WatchResponse[]; readonly ended: Promise<number> };
}

/** Two replicas on one database, proxies, a subagent `deployer` that `linus` answers for, the connection `billing`. */
export interface ApprovalsBench {
  readonly plane: TestPlane;
  readonly second: ControlPlane;
  readonly database: Database;
  readonly tenantId: string;
  readonly subagent: string;
  readonly proxies: readonly NodeCredentials[];
  /** By replica, then by proxy. */
  readonly lines: readonly (readonly Line[])[];
  readonly first: Line;
  readonly other: Line;
  /** A person in these groups. */
  person(name: string, role: string, groups?: readonly string[]): Promise<Rest>;
  policy(text: string): Promise<void>;
  address(of: ControlPlane, server: 'control' | 'enrolment'): string;
  stop(): Promise<void>;
}

export const approving = `
  permit (principal in Group::"dba", action == Action::"approve", resource in Environment::"production");
`;

export async function startApprovals({ proxyCount = 1 } = {}): Promise<ApprovalsBench> {
  const postgres = await startPostgres();
  await postgres.createDatabase('control');
  const url = postgres.url('control');
  const plane = await startPlane(url);
  const second = await startControlPlane(testConfig(url), quiet);
  const database = new Database(url);
  const { id: tenantId } = await database.tenant.findFirstOrThrow();
  const address: ApprovalsBench['address'] = (of, server) =>
    `127.0.0.1:${of.app.get(GrpcServers, { strict: false }).ports[server]}`;

  const proxies: NodeCredentials[] = [];
  for (let count = 1; count <= proxyCount; count += 1) {
    const name = `gate-${count}`;
    const expiresAt = new Date(Date.now() + 60_000);
    const order = { tenantId, kind: 'proxy' as const, nodeName: name, expiresAt, createdBy: 'ada' };
    const { token } = await plane.app.get(JoinTokens, { strict: false }).create(order);
    proxies.push(await enrol({ address: address(plane, 'enrolment'), joinToken: token, kind: 'proxy', name }));
  }
  const clients = [plane, second].map((of) =>
    proxies.map((proxy) => new ApprovalsServiceClient(address(of, 'control'), controlChannel(proxy))),
  );
  const lines = clients.map((each) => each.map(lineOf));

  for (const group of ['dba', 'oncall', 'others']) await plane.admin('PUT', `/v1/groups/${group}`, {});
  const person: ApprovalsBench['person'] = async (name, role, groups = []) => {
    const rest = await plane.as(name, role);
    await plane.admin('PUT', `/v1/users/${name}`, { role, groups });
    return rest;
  };
  await person('linus', 'approver', ['dba']);
  const owner = await database.user.findFirstOrThrow({ where: { name: 'linus' } });
  const issuer = { id: 'iss_1', tenantId, name: 'ci', issuer: 'https://ci.test', audiences: ['x'] };
  await database.issuer.create({ data: issuer });
  const subagent = 'sub_1';
  const claims = { sub: 'deployer' };
  await database.subagent.create({
    data: { id: subagent, tenantId, name: 'deployer', issuerId: issuer.id, claims, ownerId: owner.id },
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
  const policy = async (text: string): Promise<void> => {
    const { status, body } = await plane.admin('PUT', '/v1/policy-sets/approvals', { text, publish: true });
    if (status >= 300) throw new Error(JSON.stringify(body));
  };
  await policy(approving);
  const [first, other] = lines.map(([line]) => line);
  if (first === undefined || other === undefined) throw new Error('no proxy');
  return {
    plane,
    second,
    database,
    tenantId,
    subagent,
    proxies,
    lines,
    first,
    other,
    person,
    policy,
    address,
    async stop() {
      for (const client of clients.flat()) client.close();
      await database.$disconnect();
      await second.stop();
      await plane.stop();
      await postgres.stop();
    },
  };
}

const lineOf = (client: ApprovalsServiceClient): Line => ({
  request: (request) =>
    new Promise((resolve, reject) =>
      client.request(request, (error, answer) => (error === null ? resolve(answer) : reject(error))),
    ),
  redeem: (approvalId, binding, sessionId = 'ses_1') =>
    new Promise((resolve, reject) =>
      client.redeem({ approvalId, binding, sessionId, commandId: 'cmd_1' }, (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      ),
    ),
  withdraw: (approvalId, sessionId = 'ses_1', timeIsUp = false) =>
    new Promise((resolve, reject) =>
      client.withdraw({ approvalId, sessionId, timeIsUp }, (error) => (error === null ? resolve() : reject(error))),
    ),
  watch(approvalId) {
    const seen: WatchResponse[] = [];
    const call = client.watch({ approvalId });
    const ended = new Promise<number>((resolve) => {
      call.on('data', (answer: WatchResponse) => seen.push(answer));
      call.on('error', (error: { readonly code?: number }) => resolve(error.code ?? -1));
      call.on('end', () => resolve(0));
    });
    return { seen, ended };
  },
});

export const freshBinding = (): Buffer => createHash('sha256').update(randomBytes(8)).digest();

export const deleteInvoices = { action: 'delete', kind: 'table', schema: 'public', name: 'invoices', column: '' };
export const deletePayments = { ...deleteInvoices, name: 'payments' };

export const heldCommand = (binding: Buffer, more: Partial<RequestRequest> = {}): RequestRequest =>
  RequestRequest.fromPartial({
    sessionId: 'ses_1',
    commandId: 'cmd_1',
    callerKind: 'subagent',
    callerId: 'sub_1',
    connection: 'billing',
    database: 'app',
    binding,
    policies: ['writes'],
    reason: 'ask the DBA',
    approvalsNeeded: 1,
    effect: 'delete from table public.invoices on billing',
    shownText: 'delete from invoices',
    held: [deleteInvoices],
    command: {
      connection: 'billing',
      database: 'app',
      binding,
      text: "delete from invoices where note = 'raw-canary'",
      extended: false,
    },
    ...more,
  });
