import { describe, expect, test } from '@jest/globals';
import { RequestRequest } from '@sallyport/contracts';
import type { RedeemResponse } from '@sallyport/contracts';
import { refuse } from '@sallyport/kernel';
import { createFakeClock } from '@sallyport/testing';
import type { FakeClock } from '@sallyport/testing';
import type { Notice, Refusal } from '@sallyport/kernel';
import type { Approvals, Standing } from './approvals.js';
import { hold } from './hold.js';
import type { Held, HoldInput } from './hold.js';

interface Desk {
  readonly clock: FakeClock;
  readonly notices: Notice[];
  /** Approvals, and whether they live on. */
  readonly withdrawn: (readonly [string, boolean])[];
  readonly redeemed: string[];
  readonly settle: (standing: Standing) => void;
  readonly abort: () => void;
  readonly held: Promise<Held>;
}

const start = (options: {
  first?: Standing;
  grant?: Partial<RedeemResponse>;
  limit?: number;
  expiresIn?: number;
  no?: Refusal;
  unreachable?: 'request' | 'redeem';
  stillHeld?: HoldInput['stillHeld'];
}): Desk => {
  const notices: Notice[] = [];
  const withdrawn: (readonly [string, boolean])[] = [];
  const clock = createFakeClock();
  const redeemed: string[] = [];
  let changed: (standing: Standing) => void = () => undefined;
  const controller = new AbortController();
  const approvals: Approvals = {
    request: () =>
      options.unreachable === 'request'
        ? Promise.reject(new Error('down'))
        : Promise.resolve(
            options.no === undefined
              ? {
                  kind: 'asked',
                  id: 'apr_1',
                  standing: options.first ?? { kind: 'pending' },
                  expiresIn: options.expiresIn ?? 3_600_000,
                }
              : { kind: 'refused', refusal: options.no },
          ),
    watch: (_id, listener) => {
      changed = listener;
      listener(options.first ?? { kind: 'pending' });
      return { stop: () => (changed = () => undefined) };
    },
    redeem: ({ approvalId }) => {
      redeemed.push(approvalId);
      return options.unreachable === 'redeem'
        ? Promise.reject(new Error('down'))
        : Promise.resolve({ granted: true, code: '', message: '', approvers: ['usr_1'], ...options.grant });
    },
    withdraw: (id, _session, timeIsUp) => void withdrawn.push([id, timeIsUp]),
  };
  const held = hold({
    clock,
    approvals,
    request: RequestRequest.fromPartial({
      sessionId: 'ses_1',
      commandId: 'cmd_1',
      reason: 'writes need a word',
      approvalsNeeded: 1,
    }),
    limit: options.limit ?? 5_000,
    inform: (notice) => void notices.push(notice),
    signal: controller.signal,
    stillHeld: options.stillHeld ?? (() => undefined),
  });
  return {
    clock,
    notices,
    withdrawn,
    redeemed,
    settle: (standing) => changed(standing),
    abort: () => controller.abort(),
    held,
  };
};

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const codeOf = async (desk: Desk): Promise<string> => {
  const held = await desk.held;
  return held.kind === 'refused' ? held.refusal.code : held.kind;
};

describe('hold', () => {
  test('tells at once what it waits for, and redeems when people agree', async () => {
    const desk = start({});
    await soon();
    expect(desk.notices.map(({ message }) => message)).toEqual(['held for approval apr_1']);
    expect(desk.redeemed).toEqual([]);
    desk.settle({ kind: 'approved', approvers: ['usr_1'] });
    expect(await desk.held).toEqual({ kind: 'redeemed', approval: 'apr_1', approvers: ['usr_1'] });
  });

  test('a grant that waits already is redeemed without a word', async () => {
    const desk = start({ first: { kind: 'approved', approvers: ['usr_1'] } });
    expect(await codeOf(desk)).toBe('redeemed');
    expect(desk.notices).toEqual([]);
  });

  test('when time is up the approval lives on, and a program can read what to do', async () => {
    const desk = start({ limit: 20 });
    const held = await desk.held;
    expect(held).toMatchObject({
      kind: 'refused',
      refusal: {
        code: 'approval_pending',
        facts: { approval: 'apr_1', retry_after: 30 },
        hint: expect.stringContaining('sally approvals run apr_1'),
      },
    });
    expect(desk.withdrawn).toEqual([['apr_1', true]]);
  });

  test.each([
    [{ kind: 'denied', reason: 'not today' }, 'approval_denied'],
    [{ kind: 'expired' }, 'approval_expired'],
    [{ kind: 'withdrawn' }, 'approval_withdrawn'],
    [{ kind: 'redeemed' }, 'approval_expired'],
  ] as const)('%j ends in a refusal, and nothing is redeemed', async (standing, code) => {
    const desk = start({});
    await soon();
    desk.settle(standing);
    expect(await codeOf(desk)).toBe(code);
    expect(desk.redeemed).toEqual([]);
  });

  test('who leaves while held withdraws the request', async () => {
    const desk = start({});
    await soon();
    desk.abort();
    expect(await codeOf(desk)).toBe('approval_withdrawn');
    expect(desk.withdrawn).toEqual([['apr_1', false]]);
  });

  test('policy that changed meanwhile counts, and spends no grant', async () => {
    const desk = start({ stillHeld: () => refuse('denied', 'no more') });
    await soon();
    desk.settle({ kind: 'approved', approvers: ['usr_1'] });
    expect(await codeOf(desk)).toBe('denied');
    expect(desk.redeemed).toEqual([]);
  });

  test('expiry ends the wait before the limit does, and denies', async () => {
    const desk = start({ expiresIn: 20, limit: 600_000 });
    await soon();
    desk.clock.advance(20);
    expect(await codeOf(desk)).toBe('approval_expired');
    expect(desk.redeemed).toEqual([]);
  });

  test.each(['pending', 'approved'] as const)('a yes that comes after the end is none (%s before)', async (before) => {
    const desk = start({ expiresIn: 1_000, first: { kind: before, approvers: [] } });
    desk.clock.advance(1_000);
    await soon();
    desk.settle({ kind: 'approved', approvers: ['usr_1'] });
    expect(await codeOf(desk)).toBe('approval_expired');
    expect(desk.redeemed).toEqual([]);
  });

  test('who is told that too many wait can read it', async () => {
    const desk = start({ no: refuse('limit_exceeded', 'too many') });
    expect(await codeOf(desk)).toBe('limit_exceeded');
    expect(desk.notices).toEqual([]);
  });

  test.each([
    ['approval_denied', 'approval_denied'],
    ['approval_expired', 'approval_expired'],
  ])('why it cannot be redeemed is told: %s', async (code, told) => {
    const desk = start({ first: { kind: 'approved', approvers: [] }, grant: { granted: false, code } });
    expect(await codeOf(desk)).toBe(told);
  });

  test('a grant that somebody else used is none', async () => {
    const desk = start({ first: { kind: 'approved', approvers: [] }, grant: { granted: false, code: 'used' } });
    expect(await codeOf(desk)).toBe('approval_expired');
  });

  test.each(['request', 'redeem'] as const)('without the control plane (%s) nothing runs', async (unreachable) => {
    const desk = start({ unreachable, first: { kind: 'approved', approvers: [] } });
    expect(await codeOf(desk)).toBe('policy_unavailable');
  });
});
