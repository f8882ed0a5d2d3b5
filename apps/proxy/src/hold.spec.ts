import { describe, expect, test } from '@jest/globals';
import { RequestRequest } from '@sallyport/contracts';
import type { RedeemResponse } from '@sallyport/contracts';
import { refuse } from '@sallyport/kernel';
import type { Notice } from '@sallyport/kernel';
import type { Approvals, Standing } from './approvals.js';
import { hold } from './hold.js';
import type { Held, HoldInput } from './hold.js';

interface Desk {
  readonly notices: Notice[];
  readonly withdrawn: string[];
  readonly redeemed: string[];
  readonly settle: (standing: Standing) => void;
  readonly abort: () => void;
  readonly held: Promise<Held>;
}

const start = (options: {
  first?: Standing;
  grant?: Partial<RedeemResponse>;
  limit?: number;
  unreachable?: 'request' | 'redeem';
  stillHeld?: HoldInput['stillHeld'];
}): Desk => {
  const notices: Notice[] = [];
  const withdrawn: string[] = [];
  const redeemed: string[] = [];
  let changed: (standing: Standing) => void = () => undefined;
  const controller = new AbortController();
  const approvals: Approvals = {
    request: () =>
      options.unreachable === 'request'
        ? Promise.reject(new Error('down'))
        : Promise.resolve({ id: 'apr_1', standing: options.first ?? { kind: 'pending' } }),
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
    withdraw: (id) => void withdrawn.push(id),
  };
  const held = hold({
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
    expect(desk.withdrawn).toEqual([]);
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
    expect(desk.withdrawn).toEqual(['apr_1']);
  });

  test('policy that changed meanwhile counts, and spends no grant', async () => {
    const desk = start({ stillHeld: () => refuse('denied', 'no more') });
    await soon();
    desk.settle({ kind: 'approved', approvers: ['usr_1'] });
    expect(await codeOf(desk)).toBe('denied');
    expect(desk.redeemed).toEqual([]);
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
