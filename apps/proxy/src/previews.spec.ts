import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
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
  permit (principal, action in [Action::"define", Action::"administer"], resource);
  @id("seen") @approval("1") @preview @reason("writes are seen first") permit (principal, action in Action::"write", resource);
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
    ],
    connection: {
      hold: 600_000,
      detectors: true,
      tags: [{ schema: 'public', table: 'invoices', column: 'card', classes: ['pan'] }],
      classes: { pan: 'redact' },
    },
    previewHold: '2s',
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
    const work = failure(client.query(text));
    const again = await asked();
    expect(again.id).not.toBe(held.id);
    expect(again.preview?.tables[0]).toMatchObject({ deleted: 4 });
    say(again, ApprovalState.APPROVAL_STATE_DENIED);
    expect((await work).code).toBe('42501');
  });

  test.each([
    ['COPY invoices (id) FROM STDIN', /^COPY is not tried/],
    ['DO $$ BEGIN DELETE FROM invoices; END $$', undefined],
  ] as const)('%s: what cannot be undone is held without, and approvers are told', async (text, why) => {
    if (why === undefined) return expect((await failure(client.query(text))).code).toBe('42501');
    const work = failure(client.query(text));
    const held = await asked();
    expect(held.preview).toMatchObject({ missing: expect.stringMatching(why), tables: [], samples: [] });
    say(held, ApprovalState.APPROVAL_STATE_DENIED);
    expect((await work).code).toBe('42501');
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
  });
});
