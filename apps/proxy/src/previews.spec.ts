import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { reconcile } from '@sallyport/audit';
import type { AuditEvent } from '@sallyport/audit';
import { ApprovalState } from '@sallyport/contracts';
import type { Preview } from '@sallyport/contracts';
import { openTarget } from '@sallyport/postgres/login';
import { until } from '@sallyport/testing';
import type pg from 'pg';
import { agentsCatalog } from '../testing/agents-catalog.js';
import { subagent } from '../testing/billing.js';
import type { HeldApproval } from '../testing/control-plane.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { loadAnalyses } from './analyses.js';

const policies = `
  permit (principal, action == Action::"connect", resource);
  permit (principal, action in [Action::"select", Action::"filter", Action::"reveal"], resource);
  @id("seen") @approval("1") @preview @reason("writes are seen first")
  permit (principal, action in [Action::"write", Action::"define", Action::"administer", Action::"call", Action::"opaque"], resource);
`;

let house: House;
let client: pg.Client;
let direct: pg.Client;
beforeAll(async () => {
  house = await openHouse({
    analyses: await loadAnalyses(),
    policies,
    subagents: [subagent('deployer')],
    open: openTarget,
    readCatalog: agentsCatalog,
    seed: [
      'CREATE TABLE invoices (id int PRIMARY KEY, mail text, card text, note text)',
      'CREATE TABLE lines (invoice int REFERENCES invoices ON DELETE CASCADE)',
      'CREATE TABLE quiet (id int)',
      'ALTER TABLE quiet ENABLE ROW LEVEL SECURITY',
      // None of these is undone by a ROLLBACK, or nobody knows.
      'CREATE SEQUENCE counter',
      'CREATE FUNCTION reach() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
      'CREATE FUNCTION send() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$',
      'CREATE TABLE watched (id int PRIMARY KEY, parent int REFERENCES watched ON DELETE CASCADE)',
      'CREATE TABLE unwatched (id int PRIMARY KEY)',
      'CREATE TRIGGER own BEFORE UPDATE ON unwatched FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
      'CREATE TRIGGER sends BEFORE INSERT OR UPDATE OR DELETE ON watched FOR EACH ROW EXECUTE FUNCTION send()',
      'CREATE TABLE referred (id int PRIMARY KEY)',
      'ALTER TABLE watched ADD FOREIGN KEY (id) REFERENCES referred ON DELETE CASCADE',
      'CREATE TABLE spread (id int) PARTITION BY RANGE (id)',
      'CREATE TABLE spread_1 PARTITION OF spread FOR VALUES FROM (0) TO (10)',
      'CREATE TRIGGER sends BEFORE INSERT ON spread_1 FOR EACH ROW EXECUTE FUNCTION send()',
      'CREATE TABLE ruled (id int)',
      'CREATE RULE elsewhere AS ON INSERT TO ruled DO ALSO INSERT INTO quiet VALUES (new.id)',
      'CREATE FOREIGN DATA WRAPPER far',
      'CREATE SERVER far FOREIGN DATA WRAPPER far',
      'CREATE FOREIGN TABLE far (id int) SERVER far',
    ],
    connection: {
      hold: 600_000,
      detectors: true,
      tags: [{ schema: 'public', table: 'invoices', column: 'card', classes: ['pan'] }],
      classes: { pan: 'redact' },
    },
    previewHold: '2s',
    // A replica that never answers, for which nobody waits but who says so.
    targetSettings: ['synchronous_commit=local', 'synchronous_standby_names=nobody'],
  });
  direct = await house.target.connect('app');
}, 120_000);
afterAll(async () => {
  await direct.end();
  await house.stop();
});
beforeEach(async () => {
  await direct.query('TRUNCATE invoices, lines, quiet');
  await direct.query(
    `INSERT INTO invoices SELECT n, 'p' || n || '@example.com', '4111111111111111', 'n' || n FROM generate_series(1, 9) n`,
  );
  await direct.query('INSERT INTO lines SELECT id FROM invoices');
  client = await house.client(await house.token('deployer'));
});
afterEach(() => client.end());

let seen = 0;
const asked = async (): Promise<HeldApproval & { readonly preview: Preview | undefined }> => {
  const { approvals } = house.controlPlane;
  await until(() => approvals.length > seen, 'somebody is asked');
  seen = approvals.length;
  const approval = approvals.at(-1);
  if (approval === undefined) throw new Error('nobody is asked');
  return { ...approval, preview: approval.request.preview };
};
const say = ({ id }: HeldApproval, state: ApprovalState): void => house.controlPlane.settle(id, state, ['usr_grace']);
const approve = (held: HeldApproval): void => say(held, ApprovalState.APPROVAL_STATE_APPROVED);
const failure = (work: Promise<unknown>): Promise<{ readonly code?: string; readonly message: string }> =>
  work.then(
    () => ({ message: 'it worked' }),
    (error: unknown) => error as { readonly code?: string; readonly message: string },
  );
let runs = 0;
/** By its id, as `sally approvals run` has it done. */
const run = ({ id, request }: HeldApproval): ReturnType<typeof house.controlPlane.run> =>
  house.controlPlane.run({
    runId: `run_${(runs += 1)}`,
    approvalId: id,
    command: request.command,
    callerKind: 'subagent',
    callerId: 'sub_deployer',
    maxRows: 10,
    again: false,
  });
/** Ends the target's end of a session that waits so. */
const terminate = async (event: string): Promise<void> => {
  await until(async () => {
    const { rowCount } = await direct.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = $1 AND backend_xid IS NOT NULL',
      [event],
    );
    return rowCount === 1;
  }, event);
};
/** What was told of a session, which is over. */
const told = async (session: string): Promise<readonly AuditEvent[]> => {
  const ours = (all: readonly AuditEvent[]): readonly AuditEvent[] => all.filter((event) => event.session === session);
  const events = ours(
    await house.evidence((all) => ours(all).some(({ type }) => type === 'session.closed') && !gaps(ours(all))),
  );
  expect(reconcile(events).problems).toEqual([]);
  return events;
};
const gaps = (events: readonly AuditEvent[]): boolean =>
  events.some(({ type, sequence }) => type === 'session.closed' && sequence !== events.length - 1);
const count = async (): Promise<number> => Number((await direct.query('SELECT count(*) FROM invoices')).rows[0]?.count);

describe('a held write with @preview', () => {
  test('is run, shown masked, and stays once it is approved', async () => {
    const work = client.query('DELETE FROM invoices WHERE id <= $1 RETURNING id', [2]);
    const held = await asked();
    expect(await count()).toBe(9);
    expect(held.preview?.tables).toEqual([
      { schema: 'public', name: 'invoices', inserted: 0, updated: 0, deleted: 2 },
      { schema: 'public', name: 'lines', inserted: 0, updated: 0, deleted: 2 },
    ]);
    const [sample] = held.preview?.samples ?? [];
    expect(sample).toMatchObject({ name: 'invoices', after: false, columns: ['id', 'mail', 'card', 'note'] });
    expect(sample?.rows.map(({ cells }) => [cells[0]?.value, cells[3]?.value])).toEqual([
      ['1', 'n1'],
      ['2', 'n2'],
    ]);
    expect(JSON.stringify(held.preview)).not.toMatch(/4111|@example/);
    approve(held);
    expect((await work).rows).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await count()).toBe(7);
    const command = held.request.commandId;
    const events = await house.evidence((all) =>
      all.some((event) => event.type === 'statement.outcome' && event.command === command),
    );
    const ours = events.filter((event) => 'command' in event && event.command === command);
    expect(ours).toMatchObject([
      { type: 'statement.intent', verdict: 'tried' },
      { type: 'statement.intent', verdict: 'approved', approval: held.id },
      { type: 'statement.outcome', status: 'completed', tag: 'DELETE 2' },
    ]);
    expect(JSON.stringify(ours)).not.toMatch(/4111|@example/);
  });

  test('denied, it is undone, and the evidence says so', async () => {
    const work = failure(client.query("UPDATE invoices SET note = 'x'"));
    const held = await asked();
    expect(held.preview?.samples.map(({ after, rows }) => [after, rows.length])).toEqual([
      [false, 5],
      [true, 5],
    ]);
    say(held, ApprovalState.APPROVAL_STATE_DENIED);
    expect((await work).code).toBe('42501');
    expect((await direct.query("SELECT FROM invoices WHERE note = 'x'")).rowCount).toBe(0);
    const command = held.request.commandId;
    const events = await house.evidence((all) =>
      all.some((event) => event.type === 'statement.outcome' && event.command === command),
    );
    expect(events.filter((event) => 'command' in event && event.command === command)).toMatchObject([
      { type: 'statement.intent', verdict: 'tried' },
      { type: 'statement.refused', code: 'approval_denied', approval: held.id },
      { type: 'statement.outcome', status: 'failed', error: '42501', rows: 0 },
    ]);
  });

  test('holds its locks no longer than it may; sent again with the same effect it redeems the approval', async () => {
    const text = "UPDATE invoices SET note = 'y' WHERE id < 4";
    const first = await failure(client.query(text));
    const held = await asked();
    expect(first.code).toBe('SP001');
    await direct.query("UPDATE invoices SET note = 'free' WHERE id = 1");
    approve(held);
    expect((await client.query(text)).rowCount).toBe(3);
    expect(house.controlPlane.approvals).toHaveLength(seen);
  });

  test('whose effect is another one by then is asked about again', async () => {
    const text = 'DELETE FROM invoices WHERE id > 4';
    await failure(client.query(text));
    const held = await asked();
    approve(held);
    await direct.query('DELETE FROM invoices WHERE id = 5');
    expect(await run(held)).toMatchObject({
      completed: false,
      code: '42501',
      message: expect.stringContaining('other rows'),
    });
    expect(await count()).toBe(8);
    const state = house.controlPlane.approvals.find(({ id }) => id === held.id)?.state;
    expect(state).toBe(ApprovalState.APPROVAL_STATE_APPROVED);
    const work = failure(client.query(text));
    const again = await asked();
    expect(again.id).not.toBe(held.id);
    expect(again.preview?.tables[0]).toMatchObject({ deleted: 4 });
    say(again, ApprovalState.APPROVAL_STATE_DENIED);
    expect((await work).code).toBe('42501');
  });

  test.each([
    ['COPY invoices (id) FROM STDIN', /^COPY is not tried/],
    ["COPY invoices (id) TO PROGRAM 'cat'", /^COPY is not tried/],
    ['COPY (DELETE FROM invoices RETURNING id) TO STDOUT', /^COPY is not tried/],
    ['DO $$ BEGIN DELETE FROM invoices; END $$', /^DO is not tried/],
    [
      "INSERT INTO invoices (id) SELECT nextval('counter')",
      /runs code of which nobody can say .* \(pg_catalog\.nextval\)$/,
    ],
    ["INSERT INTO invoices (id) SELECT setval('counter', 3)", /\(pg_catalog\.setval\)$/],
    ["DELETE FROM invoices; NOTIFY c, 'x'", /^NOTIFY is not tried/],
    ["DELETE FROM invoices WHERE pg_notify('c', note) IS NULL", /\(pg_catalog\.pg_notify\)$/],
    ['DELETE FROM invoices WHERE id = reach()', /\(public\.reach\)$/],
    ['INSERT INTO invoices (id) SELECT lo_creat(-1)::int', /may not undo all that it does \(server_file\)$/],
    ['DELETE FROM invoices WHERE pg_advisory_lock(id) IS NULL', /\(pg_catalog\.pg_advisory_lock\)$/],
    ['DELETE FROM far', /^it reaches a table of another server$/],
    ['DELETE FROM invoices USING far WHERE far.id = invoices.id', /^it reaches a table of another server$/],
    ['INSERT INTO watched VALUES (1)', /^a trigger of public\.watched runs code .* \(sends\)$/],
    ['INSERT INTO spread VALUES (1)', /^a trigger of public\.spread_1 runs code .* \(sends\)$/],
    ['DELETE FROM referred', /^a trigger of public\.watched runs code/],
    ['INSERT INTO ruled VALUES (1)', /runs code|a rule/],
    ['DELETE FROM nowhere', /^public\.nowhere is in no catalog$/],
    ['VACUUM invoices', /^VACUUM OR ANALYZE is not tried/],
    ['CREATE DATABASE more', /^CREATE DATABASE is not tried/],
    ['TRUNCATE invoices', /^TRUNCATE is not tried/],
    ['DELETE FROM invoices; COMMIT', /^COMMIT is not tried/],
    ['EXPLAIN ANALYZE DELETE FROM invoices', /^EXPLAIN ANALYZE is not tried/],
  ] as const)('%s: what cannot be undone is held without, and approvers are told', async (text, why) => {
    const work = failure(client.query(text));
    const held = await Promise.race([asked(), work.then(({ message }) => Promise.reject(new Error(message)))]);
    expect(held.preview).toMatchObject({ missing: expect.stringMatching(why), tables: [], samples: [] });
    say(held, ApprovalState.APPROVAL_STATE_DENIED);
    expect((await work).code).toBe('42501');
  });

  test('a trigger of the server itself does no more than it says', async () => {
    await direct.query('INSERT INTO unwatched VALUES (1)');
    const work = client.query('UPDATE unwatched SET id = 2');
    const held = await asked();
    expect(held.preview?.tables).toMatchObject([{ name: 'unwatched', updated: 1 }]);
    approve(held);
    expect((await work).rowCount).toBe(1);
  });

  test('rows under row security are not read for it', async () => {
    const work = client.query('INSERT INTO quiet VALUES (1)');
    const held = await asked();
    expect(held.preview).toMatchObject({
      tables: [{ name: 'quiet', inserted: 1 }],
      samples: [],
      remarks: ['rows of public.quiet are not shown: it has row security'],
    });
    approve(held);
    expect((await work).rowCount).toBe(1);
  });

  test('a client that leaves takes it back', async () => {
    const gone = await house.client(await house.token('deployer'));
    gone.on('error', () => undefined);
    void failure(gone.query('DELETE FROM invoices'));
    const held = await asked();
    (gone as unknown as { readonly connection: { readonly stream: { destroy(): void } } }).connection.stream.destroy();
    await until(
      () => house.controlPlane.approvals.at(-1)?.state === ApprovalState.APPROVAL_STATE_WITHDRAWN,
      'it is withdrawn',
    );
    expect(held.preview?.tables).toHaveLength(2);
    await until(
      async () =>
        (await direct.query("SELECT FROM pg_stat_activity WHERE state = 'idle in transaction'")).rowCount === 0,
    );
    expect(await count()).toBe(9);
    expect(await told(held.request.sessionId)).toMatchObject([
      { type: 'session.opened' },
      { type: 'statement.intent', verdict: 'tried' },
      { type: 'statement.outcome', status: 'failed', error: 'SP003' },
      { type: 'statement.refused', code: 'approval_withdrawn', approval: held.id },
      { type: 'session.closed' },
    ]);
  });

  test('approved too late for its locks, it runs by id: tried again, and it stays', async () => {
    const text = "UPDATE invoices SET note = 'z' WHERE id < 3 RETURNING id, card";
    expect((await failure(client.query(text))).code).toBe('SP001');
    const held = await asked();
    expect(await run(held)).toMatchObject({ completed: false, code: 'SP002' });
    approve(held);
    expect(await run(held)).toMatchObject({ completed: true, code: '', tag: 'UPDATE 2', rows: 2 });
    expect((await direct.query("SELECT FROM invoices WHERE note = 'z'")).rowCount).toBe(2);
    expect(house.controlPlane.approvals).toHaveLength(seen);
  });

  test('a target that goes while people think: nothing stays, and nobody can approve it any more', async () => {
    const work = failure(client.query('DELETE FROM invoices'));
    const held = await asked();
    await terminate('ClientRead');
    expect((await work).code).toBe('57P01');
    const is = (): ApprovalState | undefined => house.controlPlane.approvals.at(-1)?.state;
    await until(() => is() === ApprovalState.APPROVAL_STATE_WITHDRAWN, 'it is withdrawn');
    expect(await count()).toBe(9);
    expect(await told(held.request.sessionId)).toMatchObject([
      { type: 'session.opened' },
      { type: 'statement.intent', verdict: 'tried' },
      { type: 'statement.outcome', status: 'failed', error: '57P01', rows: 0 },
      { type: 'statement.refused', code: 'approval_withdrawn', approval: held.id },
      { type: 'session.closed' },
    ]);
  });

  test('a target that goes when it was told to commit: the run by id and the record say that nobody knows', async () => {
    const text = 'DELETE FROM invoices WHERE id = 9';
    await failure(client.query(text));
    const held = await asked();
    approve(held);
    const { user } = house.target;
    await direct.query(`ALTER ROLE ${user} IN DATABASE app SET synchronous_commit = on`);
    const done = run(held);
    await terminate('SyncRep').finally(() => direct.query(`ALTER ROLE ${user} IN DATABASE app RESET ALL`));
    const result = await done;
    expect(result).toMatchObject({
      completed: false,
      code: 'outcome_unknown',
      message: expect.stringContaining('not known'),
    });
    // It did, in truth.
    expect(await count()).toBe(8);
    const events = await told(result.sessionId);
    expect(events.map((event) => [event.type, 'status' in event ? event.status : ''])).toEqual([
      ['session.opened', ''],
      ['statement.intent', ''],
      ['statement.intent', ''],
      ['statement.outcome', 'unknown'],
      ['session.closed', ''],
    ]);
  });

  test('an agent that vanishes while people think: the target undoes it, and all are told', async () => {
    const work = failure(client.query('DELETE FROM invoices'));
    const held = await asked();
    house.agent.stop();
    const { code, message } = await work;
    expect([code, message]).toEqual(['08006', 'the target closed the connection']);
    await until(
      async () =>
        (await direct.query("SELECT FROM pg_stat_activity WHERE state = 'idle in transaction'")).rowCount === 0,
    );
    expect(await count()).toBe(9);
    expect(
      (await told(held.request.sessionId)).map((event) => [event.type, 'error' in event ? event.error : '']),
    ).toEqual([
      ['session.opened', ''],
      ['statement.intent', ''],
      ['statement.outcome', '08006'],
      ['statement.refused', ''],
      ['session.closed', ''],
    ]);
  });
});
