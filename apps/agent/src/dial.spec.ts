import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { SignedTicket, TicketAnswer } from '@sallyport/contracts';
import type { NodeCredentials } from '@sallyport/pki';
import { createNonceMemory, ticketLifetime, ticketSkew } from '@sallyport/tunnel';
import type { TicketFields } from '@sallyport/tunnel';
import { connectionChunk, createTestAuthority, peerFrom, signedTicket, ticketFields } from '../testing/authority.js';
import { createCredentials } from './credentials/credentials.js';
import { createDial } from './dial.js';
import type { OpenedTarget } from './openers.js';
import { OpenProblem } from './openers.js';
import { createTargets } from './targets.js';
import type { TargetRequest, Targets } from './targets.js';

let gate: NodeCredentials;
let otherGate: NodeCredentials;
beforeAll(async () => {
  const authority = await createTestAuthority();
  gate = await authority.issue('proxy', 'gate-1');
  otherGate = await authority.issue('proxy', 'gate-2');
});

const logged: unknown[] = [];
const log = { info: () => undefined, warn: (...words: unknown[]) => void logged.push(words) };
const signal = new AbortController().signal;
let asked: TargetRequest[];
let cancelled: string[];
let openTarget: () => Promise<OpenedTarget>;
let dial: ReturnType<typeof createDial>;

const target = (trailing = 'tail'): OpenedTarget => ({
  stream: new PassThrough(),
  greeting: { parameters: { server_version: '18.0' }, transaction: 'idle', trailing: Buffer.from(trailing) },
  cancel: () => Promise.resolve(),
});

beforeEach(() => {
  logged.length = 0;
  asked = [];
  cancelled = [];
  openTarget = () => Promise.resolve(target());
  const targets: Targets = {
    open: (request) => {
      asked.push(request);
      return openTarget();
    },
    handle: () => 'handle-1',
    cancel: (handle) => {
      cancelled.push(handle);
      return Promise.resolve();
    },
  };
  dial = createDial({ agent: 'agent-1', targets, nonces: createNonceMemory(1_000), log });
});

const bring = async (payload: Uint8Array, proxy: NodeCredentials = gate) => {
  const { answer, target: stream } = await dial(payload, peerFrom(proxy), signal);
  return { outcome: TicketAnswer.decode(answer).outcome, stream };
};
const ticket = (over: Partial<TicketFields> = {}, by = gate): Uint8Array => signedTicket(ticketFields(over), by);
const problem = (message: RegExp) => ({
  outcome: { $case: 'notOpened', value: { message: expect.stringMatching(message) } },
  stream: undefined,
});

describe('a ticket', () => {
  test('that is good opens the target that it names', async () => {
    const { outcome, stream } = await bring(ticket({ parameters: { application_name: 'etl' } }));
    expect(asked).toMatchObject([
      { connection: 'billing', database: 'app', parameters: { application_name: 'etl' }, signal },
    ]);
    expect(outcome).toMatchObject({
      $case: 'opened',
      value: { parameters: { server_version: '18.0' }, transaction: 'idle', cancelHandle: 'handle-1' },
    });
    expect(outcome?.$case === 'opened' && String(outcome.value.trailing)).toBe('tail');
    expect(stream).toBeDefined();
  });

  const now = Date.now();
  const bad: readonly (readonly [string, RegExp, () => Uint8Array])[] = [
    ['is no ticket', /not signed/, () => Buffer.from('no ticket at all')],
    ['is empty', /not signed/, () => new Uint8Array(0)],
    ['another proxy signed', /not signed/, () => ticket({}, otherGate)],
    ['is for another proxy’s use', /wrong_proxy/, () => ticket({ proxy: 'gate-2' })],
    ['is for another agent', /wrong_agent/, () => ticket({ agent: 'agent-2' })],
    [
      'has expired',
      /expired/,
      () => ticket({ issuedAt: now - ticketLifetime - ticketSkew - 1_000, expiresAt: now - ticketSkew - 1_000 }),
    ],
    ['is of the future', /not_yet_valid/, () => ticket({ issuedAt: now + 60_000, expiresAt: now + 70_000 })],
    ['lives too long', /lives_too_long/, () => ticket({ expiresAt: now + 10 * ticketLifetime })],
    ['has a short nonce', /malformed/, () => ticket({ nonce: new Uint8Array(8) })],
    ['cancels nothing', /malformed/, () => ticket({ kind: 'cancel' })],
    ['has a zero byte in the database', /malformed/, () => ticket({ database: 'app\0other' })],
  ];
  test.each(bad)('that %s opens nothing', async (_what, message, make) => {
    expect(await bring(make())).toMatchObject(problem(message));
    expect(asked).toEqual([]);
    expect(cancelled).toEqual([]);
  });

  test.each(['connection', 'database', 'sessionId', 'agent', 'proxy', 'id'] as const)(
    'whose %s was changed after signing opens nothing',
    async (field) => {
      const signed = SignedTicket.decode(ticket());
      if (signed.ticket === undefined) throw new Error('no ticket');
      const forged = SignedTicket.encode({ ...signed, ticket: { ...signed.ticket, [field]: 'other' } }).finish();
      expect(await bring(forged)).toMatchObject(problem(/not signed/));
      expect(asked).toEqual([]);
    },
  );

  test('that is brought by another proxy than signed it opens nothing', async () => {
    expect(await bring(ticket(), otherGate)).toMatchObject(problem(/not signed/));
  });

  test('opens once', async () => {
    const payload = ticket();
    expect((await bring(payload)).outcome?.$case).toBe('opened');
    expect(await bring(payload)).toMatchObject(problem(/replayed/));
    expect(asked).toHaveLength(1);
  });

  test('why a target was not opened is told; the detail stays in the log', async () => {
    openTarget = () =>
      Promise.reject(new OpenProblem('no_credential', 'no usable credential', '/run/x cannot be read'));
    const { outcome } = await bring(ticket());
    expect(outcome).toEqual({ $case: 'notOpened', value: { code: 'no_credential', message: 'no usable credential' } });
    expect(JSON.stringify(logged)).toContain('/run/x cannot be read');
  });

  test('a target that says more than an answer holds is hung up on', async () => {
    const wordy = target('x'.repeat(70_000));
    openTarget = () => Promise.resolve(wordy);
    expect(await bring(ticket())).toMatchObject(problem(/more/));
    expect(wordy.stream.destroyed).toBe(true);
  });

  test('to cancel is passed on by its handle', async () => {
    const { outcome, stream } = await bring(ticket({ kind: 'cancel', cancelHandle: 'handle-1' }));
    expect(outcome?.$case).toBe('cancelled');
    expect(stream).toBeUndefined();
    expect(cancelled).toEqual(['handle-1']);
  });
});

describe('targets', () => {
  const targets = (env: Record<string, string> = {}) =>
    createTargets({
      credentials: createCredentials(undefined, env),
      ca: undefined,
      connection: (name) =>
        name === 'billing'
          ? connectionChunk({ port: 1 })
          : name === 'web'
            ? connectionChunk({ protocol: 'http' })
            : undefined,
    });
  const request = (over: Partial<TargetRequest> = {}): TargetRequest => ({
    connection: 'billing',
    database: 'app',
    parameters: {},
    signal,
    ...over,
  });
  const login = { SALLYPORT_CREDENTIAL_BILLING_USER: 'app', SALLYPORT_CREDENTIAL_BILLING_PASSWORD: 's3cret' };

  test.each([
    ['an unknown connection', { connection: 'nobody' }, 'not_served'],
    ['a database that the connection has not', { database: 'postgres' }, 'not_served'],
    ['a protocol without an opener', { connection: 'web' }, 'not_served'],
    ['a target that is not there', {}, 'unreachable'],
    ['a replication session', { parameters: { replication: 'database' } }, 'bad_parameters'],
    ['a user of the caller’s choice', { parameters: { User: 'postgres' } }, 'bad_parameters'],
    ['an extension of the protocol', { parameters: { '_pq_.x': '1' } }, 'bad_parameters'],
  ])('%s is not opened', async (_what, over, code) => {
    await expect(targets(login).open(request(over))).rejects.toMatchObject({ name: 'OpenProblem', code });
  });

  test('without a credential the caller hears that, and not where it was looked for', async () => {
    const error: unknown = await targets()
      .open(request())
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'no_credential', detail: expect.stringContaining('SALLYPORT_CREDENTIAL') });
    expect(String(error)).not.toContain('SALLYPORT');
  });

  test('what was given up is not dialled', async () => {
    await expect(targets(login).open(request({ signal: AbortSignal.abort() }))).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  test('a handle cancels its own session, nobody’s does nothing, and one ends with its session', async () => {
    const all = targets();
    let count = 0;
    const one: OpenedTarget = { ...target(), cancel: () => Promise.resolve(void (count += 1)) };
    const handle = all.handle(one);
    expect(handle).toMatch(/^[0-9a-f]{32}$/);
    expect(all.handle(target())).not.toBe(handle);
    for (const forged of ['', 'toString', '__proto__', handle.slice(1), handle.toUpperCase() + '0'])
      await all.cancel(forged);
    expect(count).toBe(0);
    await all.cancel(handle);
    expect(count).toBe(1);
    one.stream.destroy();
    await new Promise((resolve) => one.stream.once('close', resolve));
    await all.cancel(handle);
    expect(count).toBe(1);
  });
});
