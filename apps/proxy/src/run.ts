import { randomBytes } from 'node:crypto';
import type { KeptCommand, RunCommand, RunResult } from '@sallyport/contracts';
import { refuse } from '@sallyport/kernel';
import type { AnswerColumn, Parameter, Protocol } from '@sallyport/kernel';
import { defaultLimits } from '@sallyport/protocol-core';
import {
  createBackendDecoder,
  encodeBind,
  encodeDescribe,
  encodeExecute,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeStartup,
  encodeSync,
  encodeTerminate,
} from '@sallyport/postgres';
import type { BackendMessage } from '@sallyport/postgres';
import { watchRecord } from './caller.js';
import { createAnswerer } from './decide.js';
import { sha256 } from './digest.js';
import { drive } from './drive.js';
import type { ClientPipe } from './drive.js';
import type { Gate } from './gate.js';
import type { PipeEvents } from './pipe.js';

/** From login to answer; a command that takes longer is cancelled, and its outcome recorded as what was seen. */
const patience = 5 * 60_000;
const mostRows = 1_000;
const mostCell = 64 * 1024;
const mostBytes = 2 * 1024 * 1024;

/**
 * Runs a kept command by id: a client in memory talks to the same session, driver and decisions as one on a wire, as the
 * caller who was held, with the grant redeemed. Rows come masked as that caller sees them.
 */
export const runKept = (
  gate: Gate,
  protocol: Protocol,
  order: RunCommand,
  report: (error: unknown, session: string) => void,
): Promise<RunResult> => {
  const { command, callerKind, callerId, runId } = order;
  const limit = Math.min(order.maxRows > 0 ? order.maxRows : mostRows, mostRows);
  if (command === undefined) return Promise.resolve(failure(runId, '', 'internal', 'there is no command to run'));
  return new Promise((resolve) => {
    const client = createMemoryClient(command, limit);
    const answerer = createAnswerer({
      gate,
      protocol: protocol.name,
      clientAddress: `run:${order.approvalId}`,
      prove: (question) => {
        // Nothing of the network gets here: this session was made for one order of the control plane.
        const good = question.credential === client.password && question.connection === command.connection;
        return Promise.resolve(
          good
            ? { kind: 'known', watch: watchRecord(callerKind, callerId) }
            : { kind: 'refused', cause: 'not_the_order', claimed: undefined },
        );
      },
      grants: { kind: 'given', approval: order.approvalId, binding: command.binding },
      terminate: (refusal) => driven.terminate(refusal),
    });
    const timer = setTimeout(() => driven.terminate(refuse('limit_exceeded', 'the command took too long')), patience);
    client.finished(() => {
      clearTimeout(timer);
      resolve({ ...client.result(), runId, sessionId: answerer.session });
    });
    const session = protocol.open({
      limits: defaultLimits,
      random: (length) => randomBytes(length),
      digest: sha256,
      loopback: true,
      tls: false,
    });
    const driven = drive({
      session,
      client: client.pipe,
      answerer,
      report: (error) => report(error, answerer.session),
    });
    client.start();
  });
};

const failure = (runId: string, sessionId: string, code: string, message: string): RunResult => ({
  runId,
  completed: false,
  tag: '',
  rows: 0,
  code,
  message,
  columns: [],
  resultRows: [],
  sessionId,
});

interface MemoryClient {
  readonly pipe: ClientPipe;
  readonly password: string;
  start(): void;
  finished(then: () => void): void;
  result(): Omit<RunResult, 'runId' | 'sessionId'>;
}

/** A PostgreSQL client without a socket, for exactly one command. */
const createMemoryClient = (command: KeptCommand, limit: number): MemoryClient => {
  const decode = createBackendDecoder(defaultLimits.targetMessage);
  const password = randomBytes(24).toString('hex');
  let events: PipeEvents | undefined;
  let over = false;
  let done: () => void = () => undefined;
  let sent = false;
  let answered = false;
  let columns: readonly AnswerColumn[] = [];
  let kept = 0;
  const rows: RunResult['resultRows'] = [];
  let count = 0;
  let tag = '';
  let failed: { readonly code: string; readonly message: string } | undefined;

  /** In its own turn: the driver is never entered from inside itself. */
  const say = (...messages: readonly Uint8Array[]): void => {
    setImmediate(() => {
      if (!over) events?.data(Buffer.concat(messages));
    });
  };
  const end = (): void => {
    if (over) return;
    over = true;
    done();
  };

  const heard = (message: BackendMessage): void => {
    switch (message.type) {
      case 'error':
        failed ??= failureOf(message.fields);
        return;
      case 'description':
        columns = message.columns;
        return;
      case 'row': {
        count += 1;
        if (rows.length >= limit || kept >= mostBytes) return;
        const cells = message.values.map((value, index) => ({ value: cellText(value, columns[index]) }));
        for (const { value } of cells) kept += value?.length ?? 0;
        rows.push({ cells });
        return;
      }
      case 'complete':
        tag = message.tag;
        return;
      case 'ready':
        if (!sent) {
          sent = true;
          return say(...messagesOf(command));
        }
        answered = true;
        return say(encodeTerminate());
      case 'other':
        // AuthenticationCleartextPassword; the session's own, no target asks here.
        if (message.letter === 'R' && message.body[3] === 3) say(encodePassword(password));
        // COPY FROM STDIN has nobody who would send the rows.
        return;
      case 'notice':
      case 'parameter':
      case 'copyData':
        return;
    }
  };

  return {
    password,
    pipe: {
      attach: (to) => void (events = to),
      write(bytes) {
        for (const message of decode(bytes)) heard(message);
        return true;
      },
      pause: () => undefined,
      resume: () => undefined,
      end,
      destroy: end,
      secure: () => Promise.reject(new Error('no TLS in memory')),
    },
    start: () => say(encodeStartup({ ...command.startup, user: command.connection, database: command.database })),
    finished: (then) => void (done = then),
    result: () => ({
      completed: failed === undefined && answered,
      tag,
      rows: affected(tag) ?? count,
      code: failed?.code ?? (answered ? '' : sent ? unknown : 'internal'),
      message: failed?.message ?? (sent && !answered ? 'its session ended before its answer' : ''),
      columns: columns.map(({ name }) => name),
      resultRows: rows,
    }),
  };
};

const unknown = 'outcome_unknown';

/** Where a session ended too early, its last words say whether that leaves something unknown. */
const failureOf = (fields: ReadonlyMap<string, string>): { readonly code: string; readonly message: string } => {
  const isUnknown = fields.get('V') === 'FATAL' && /"outcome":"unknown"/.test(fields.get('D') ?? '');
  return { code: isUnknown ? unknown : (fields.get('C') ?? 'XX000'), message: fields.get('M') ?? '' };
};

const messagesOf = ({ text, extended, parameters }: KeptCommand): readonly Uint8Array[] => {
  if (!extended) return [encodeQuery(text)];
  const bound = parameters.map(({ binary, value }): Omit<Parameter, 'type'> => ({
    format: binary ? 'binary' : 'text',
    value: value ?? null,
  }));
  const types = parameters.map(({ type }) => type);
  return [
    encodeParse(text, '', types),
    encodeBind({ parameters: bound }),
    encodeDescribe('portal'),
    encodeExecute(),
    encodeSync(),
  ];
};

/** Results are asked for as text, so a cell is text. */
const cellText = (value: Uint8Array | null, column: AnswerColumn | undefined): string | undefined => {
  if (value === null) return undefined;
  const bytes = Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, mostCell));
  return column?.format === 'binary' ? `\\x${bytes.toString('hex')}` : bytes.toString('utf8');
};

const affected = (tag: string): number | undefined => {
  const found = /^(?:INSERT 0|UPDATE|DELETE|MERGE|SELECT|COPY) (\d+)$/.exec(tag);
  return found?.[1] === undefined ? undefined : Number(found[1]);
};
