import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { decodeEvent } from '@sallyport/audit';
import type { AuditEvent } from '@sallyport/audit';
import {
  ApprovalState,
  ApprovalsServiceService,
  ConfigurationServiceService,
  EvidenceServiceService,
} from '@sallyport/contracts';
import type {
  ApprovalsServiceServer,
  AuditRecord,
  Bundle,
  ConfigurationServiceServer,
  EvidenceServiceServer,
  RequestRequest,
  RunCommand,
  RunResult,
  StreamRequest,
  StreamResponse,
  WatchRequest,
  WatchResponse,
} from '@sallyport/contracts';
import type { NodeCredentials } from '@sallyport/pki';

export interface HeldApproval {
  readonly id: string;
  readonly request: RequestRequest;
  state: ApprovalState;
  approvers: string[];
}

/** The control plane's end of every wire, in a test's process: real gRPC over real mTLS, its memory an array. */
export interface TestControlPlane {
  readonly address: string;
  /** What the proxy said to it: undefined when it is in force. */
  publish(bundle: Bundle): Promise<string | undefined>;
  readonly approvals: readonly HeldApproval[];
  settle(id: string, state: ApprovalState, approvers: readonly string[]): void;
  /** Approvals cannot be asked. */
  silent: boolean;
  run(order: RunCommand): Promise<RunResult>;
  readonly moved: readonly string[];
  readonly events: readonly AuditEvent[];
  stop(): void;
}

type Stream = ServerDuplexStream<StreamRequest, StreamResponse>;

export const startTestControlPlane = async (credentials: NodeCredentials): Promise<TestControlPlane> => {
  const events = new Map<string, AuditEvent>();
  const approvals: HeldApproval[] = [];
  const watchers = new Map<string, Set<ServerWritableStream<WatchRequest, WatchResponse>>>();
  const moved: string[] = [];
  const runs = new Map<string, (result: RunResult) => void>();
  let stream: Stream | undefined;
  let connected: (() => void) | undefined;
  let answered: ((reason: string | undefined) => void) | undefined;
  let silent = false;

  const keep = (records: readonly AuditRecord[]): void => {
    for (const { id, content } of records) {
      const read = decodeEvent(content);
      if (read.kind === 'refused') throw new Error(`evidence that nobody can read: ${read.reason}`);
      if (read.event.id !== id) throw new Error('evidence under another id');
      events.set(id, read.event);
    }
  };
  const standing = ({ state, approvers }: HeldApproval): WatchResponse => ({ state, approvers, reason: 'not today' });

  const configuration: ConfigurationServiceServer = {
    stream: (call) => {
      stream = call;
      call.on('data', ({ message }: StreamRequest) => {
        if (message?.$case === 'hello') connected?.();
        if (message?.$case === 'acknowledge') answered?.(undefined);
        if (message?.$case === 'refuse') answered?.(message.value.reason);
        if (message?.$case === 'catalogMoved') moved.push(`${message.value.connection}/${message.value.database}`);
        if (message?.$case === 'runResult') runs.get(message.value.runId)?.(message.value);
      });
      call.on('end', () => call.end());
      call.on('error', () => undefined);
    },
  };
  const evidence: EvidenceServiceServer = {
    append: (call) => {
      call.on('data', ({ batch, records }: { batch: number; records: AuditRecord[] }) => {
        keep(records);
        call.write({ batch, refused: [] });
      });
      call.on('end', () => call.end());
      call.on('error', () => undefined);
    },
    appendDurable: ({ request }, done) => {
      keep(request.records);
      done(null, {});
    },
  };
  const approving: ApprovalsServiceServer = {
    request: ({ request }, done) => {
      if (silent) {
        done({ code: status.UNAVAILABLE });
        return;
      }
      const open = [ApprovalState.APPROVAL_STATE_PENDING, ApprovalState.APPROVAL_STATE_APPROVED] as const;
      let held = approvals.find(
        (each) => each.request.binding.equals(request.binding) && open.some((state) => state === each.state),
      );
      if (held === undefined) {
        const id = `apr_${approvals.length + 1}`;
        held = { id, request, state: ApprovalState.APPROVAL_STATE_PENDING, approvers: [] };
        approvals.push(held);
      }
      done(null, { approvalId: held.id, state: held.state, expiresAt: 0, expiresIn: 3_600_000 });
    },
    watch: (call) => {
      const { approvalId } = call.request;
      const held = approvals.find(({ id }) => id === approvalId);
      if (held === undefined) {
        call.end();
        return;
      }
      const calls = watchers.get(approvalId) ?? new Set();
      watchers.set(approvalId, calls.add(call));
      call.on('cancelled', () => calls.delete(call));
      call.write(standing(held));
    },
    redeem: ({ request }, done) => {
      const held = approvals.find(({ id }) => id === request.approvalId);
      const granted =
        held?.state === ApprovalState.APPROVAL_STATE_APPROVED && held.request.binding.equals(request.binding);
      if (granted) held.state = ApprovalState.APPROVAL_STATE_REDEEMED;
      done(null, { granted, code: granted ? '' : 'used', message: '', approvers: held?.approvers ?? [] });
    },
    withdraw: ({ request }, done) => {
      const held = approvals.find(({ id }) => id === request.approvalId);
      if (held?.state === ApprovalState.APPROVAL_STATE_PENDING && !request.timeIsUp)
        held.state = ApprovalState.APPROVAL_STATE_WITHDRAWN;
      done(null, {});
    },
  };

  const server = new Server();
  server.addService(ConfigurationServiceService, configuration);
  server.addService(EvidenceServiceService, evidence);
  server.addService(ApprovalsServiceService, approving);
  const { certificate, privateKey, authorities } = credentials;
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(privateKey) };
  const secured = ServerCredentials.createSsl(Buffer.from(authorities), [pair], true);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', secured, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  const waiting = new Promise<void>((resolve) => (connected = resolve));

  return {
    address: `127.0.0.1:${port}`,
    async publish(value) {
      await waiting;
      return new Promise((resolve) => {
        answered = resolve;
        stream?.write({ message: { $case: 'delta', value } });
      });
    },
    approvals,
    settle(id, state, approvers) {
      const held = approvals.find((each) => each.id === id);
      if (held === undefined) throw new Error(`no approval ${id}`);
      held.state = state;
      held.approvers = [...approvers];
      for (const call of watchers.get(id) ?? []) call.write(standing(held));
    },
    get silent() {
      return silent;
    },
    set silent(now) {
      silent = now;
    },
    run: (value) =>
      new Promise((resolve) => {
        runs.set(value.runId, resolve);
        stream?.write({ message: { $case: 'runCommand', value } });
      }),
    moved,
    get events() {
      return [...events.values()].sort((a, b) => (a.session === b.session ? a.sequence - b.sequence : 0));
    },
    stop: () => server.forceShutdown(),
  };
};
