import { type Caller, connectAs, errorOf, waitFor } from '../caller.js';
import type { Scene, Stage } from '../stage.js';

const approvalId = /apr_[0-9A-Za-z]+/;

/** The NOTICE that names the approval; told while the command is still held. */
const heldAs = (caller: Caller): Promise<string> =>
  waitFor('the notice of a held command', () =>
    Promise.resolve(
      caller.notices.map((notice) => approvalId.exec(notice.message)?.[0]).findLast((id) => id !== undefined),
    ),
  );

async function countPayments(stage: Stage, where: string): Promise<number> {
  const client = await stage.stack.target.connect('app');
  try {
    const { rows } = await client.query<{ n: string }>(`select count(*) as n from payments where ${where}`);
    return Number(rows[0]?.n);
  } finally {
    await client.end();
  }
}

export const approved: Scene = {
  title: '(d1) deployer runs a DELETE: held, approved by a human over REST, then it runs',
  play: async (stage) => {
    const caller = await connectAs(stage.stack, 'deployer');
    const statement = 'delete from payments where id between 49901 and 49903';
    const running = caller.client.query(statement);
    running.catch(() => undefined);
    const id = await heldAs(caller);
    stage.show(statement, `NOTICE:  ${caller.notices.at(-1)?.message ?? ''}`);
    stage.check('a NOTICE names the approval at once', true);
    stage.check('nothing runs while it is held', (await countPayments(stage, 'id between 49901 and 49903')) === 3);
    const answer = await stage.stack.approver.call('POST', `/v1/approvals/${id}/approve`, { reason: 'change 4711' });
    stage.show(
      `curl -X POST /v1/approvals/${id}/approve   # as grace`,
      `${answer.status} ${String(answer.body['state'])}`,
    );
    const result = await running;
    stage.show('(the held session)', `DELETE ${result.rowCount}`);
    stage.check(
      'approved: the rows go',
      result.rowCount === 3 && (await countPayments(stage, 'id between 49901 and 49903')) === 0,
      result.rowCount,
    );
    await caller.client.end();
  },
};

export const denied: Scene = {
  title: '(d2) denied inside an open transaction: nothing executed, COMMIT still works',
  play: async (stage) => {
    const caller = await connectAs(stage.stack, 'deployer');
    await caller.client.query('begin');
    await caller.client.query('select 1');
    const statement = 'delete from payments where id = 49904';
    const running = errorOf(caller.client.query(statement));
    const id = await heldAs(caller);
    const answer = await stage.stack.approver.call('POST', `/v1/approvals/${id}/deny`, { reason: 'not today' });
    const error = await running;
    stage.show(
      statement,
      `ERROR:  ${error?.message ?? 'none'}   (SQLSTATE ${error?.code ?? ''}; deny answered ${answer.status})`,
    );
    stage.check('denied: the caller is told the reason', error?.message.includes('not today') === true, error?.message);
    const after = await caller.client.query('select 2 as still_open');
    const commit = await caller.client.query('commit');
    stage.show('commit', commit.command);
    stage.check(
      'the transaction survived, COMMIT works',
      after.rows[0]?.still_open === 2 && commit.command === 'COMMIT',
      commit.command,
    );
    stage.check('nothing was executed', (await countPayments(stage, 'id = 49904')) === 1);
    await caller.client.end();
  },
};

export const pendingThenRun: Scene = {
  title: '(d3) nobody answers: the pending error after the hold limit, then approved, then run by id',
  play: async (stage) => {
    const caller = await connectAs(stage.stack, 'deployer');
    const statement = 'delete from payments where id = 49905';
    const error = await errorOf(caller.client.query(statement));
    stage.show(
      statement,
      `ERROR:  ${error?.message ?? 'none'}\nDETAIL:  ${error?.detail ?? ''}\nHINT:  ${error?.hint ?? ''}`,
    );
    const detail = JSON.parse(error?.detail ?? '{}') as {
      readonly code?: string;
      readonly approval?: string;
      readonly retry_after?: number;
    };
    stage.check(
      'the pending error is machine-readable: code, approval, retry_after',
      detail.code === 'approval_pending' &&
        approvalId.test(detail.approval ?? '') &&
        typeof detail.retry_after === 'number',
      error?.detail,
    );
    const { rows } = await caller.client.query<{ n: number }>('select 1 as n');
    stage.check('the session goes on', rows[0]?.n === 1);
    const id = detail.approval ?? '';
    const token = await stage.stack.token('deployer');
    const early = await stage.stack.sally(['approvals', 'run', id], token);
    stage.check('running it before anybody agreed exits 75', early.exitCode === 75, early);
    await stage.stack.approver.expect('POST', `/v1/approvals/${id}/approve`, {});
    const run = await stage.stack.sally(['approvals', 'run', id], token);
    stage.show(`sally approvals run ${id}`, run.stdout + run.stderr);
    stage.check('approved, it runs by id', run.exitCode === 0 && run.stdout.includes('DELETE 1'), run);
    stage.check('the row is gone', (await countPayments(stage, 'id = 49905')) === 0);
    const again = await stage.stack.sally(['approvals', 'run', id], token);
    stage.check('the grant is one-shot', again.exitCode !== 0, again);
    await caller.client.end();
  },
};
