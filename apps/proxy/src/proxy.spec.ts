import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { ApprovalState } from '@sallyport/contracts';
import type { AuditEvent } from '@sallyport/audit';
import { openTarget } from '@sallyport/postgres/login';
import { until, untilRunning } from '@sallyport/testing';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { analyses, policies, selectAll, subagent } from '../testing/billing.js';

let house: House;
beforeAll(async () => {
  house = await openHouse({
    open: openTarget,
    analyses,
    policies,
    subagents: [subagent('etl'), subagent('deployer'), subagent('retired', { disabled: true })],
    seed: [
      'CREATE TABLE payments (id int primary key, card text, email text, amount numeric)',
      `INSERT INTO payments VALUES (1, '4242424242424242', 'ada@example.com', 10.50), (2, '5555555555554444', 'grace@example.com', 7), (3, null, null, 1), (4, null, null, 1)`,
    ],
    connection: {
      tags: [
        { schema: 'public', table: 'payments', column: 'card', classes: ['card_number'] },
        { schema: 'public', table: 'payments', column: 'email', classes: ['email'] },
      ],
      classes: { card_number: 'partial', email: 'email' },
    },
  });
}, 60_000);
afterAll(() => house.stop());

const masked = [
  { id: 1, card: '************4242', email: 'a***@example.com', amount: '10.50' },
  { id: 2, card: '************4444', email: 'g***@example.com', amount: '7' },
];

const failure = async (
  promise: Promise<unknown>,
): Promise<{ readonly code: string; readonly message: string; readonly detail?: string }> => {
  try {
    await promise;
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('it did not fail');
};

describe('a proxy in front of a real target', () => {
  test('rows come masked, everything else byte for byte', async () => {
    const client = await house.client(await house.token('etl'));
    const { rows } = await client.query(selectAll);
    expect(rows).toEqual(masked);
    await client.end();
  });

  test('a prepared statement with a parameter and binary results shows the same', async () => {
    const client = await house.client(await house.token('etl'));
    const query = {
      name: 'one',
      text: 'SELECT id, card FROM payments WHERE id = $1',
      values: [2],
      binary: true,
      rowMode: 'array',
    };
    for (let times = 0; times < 2; times += 1) {
      const { rows } = await client.query(query as never);
      // The library reads binary numbers its own way; texts it leaves alone.
      expect((rows as unknown[][]).map((row) => row[1])).toEqual(['************4444']);
    }
    await client.end();
  });

  test('a cursor shows the same, and one that nobody declared is refused', async () => {
    const client = await house.client(await house.token('etl'));
    await client.query('BEGIN');
    await client.query('DECLARE c CURSOR FOR SELECT card FROM payments ORDER BY id');
    expect((await client.query('FETCH 2 FROM c')).rows).toEqual([
      { card: '************4242' },
      { card: '************4444' },
    ]);
    expect((await failure(client.query('FETCH 2 FROM unknown'))).code).toBe('0A000');
    await client.query('COMMIT');
    await client.end();
  });

  test('COPY shows the same', async () => {
    const client = await house.client(await house.token('etl'));
    const { to } = await import('pg-copy-streams');
    let text = '';
    for await (const chunk of client.query(to('COPY payments (id, card) TO STDOUT'))) text += String(chunk);
    expect(text).toBe('1\t************4242\n2\t************4444\n3\t\\N\n4\t\\N\n');
    await client.end();
  });

  test('what policy forbids is refused with its reason, and the session goes on', async () => {
    const client = await house.client(await house.token('etl'));
    const refused = await failure(client.query('DROP TABLE payments'));
    expect(refused).toMatchObject({ code: '42501', message: 'DROP is not for production' });
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect((await failure(client.query('SELECT something else'))).code).toBe('42601');
    expect((await client.query(selectAll)).rows).toEqual(masked);
    await client.end();
  });

  test('an unknown subagent, an expired token, another audience, a disabled one: refused alike, and told apart in evidence', async () => {
    const tokens = [
      await house.token('nobody'),
      await house.token('etl', { expiresIn: '-1m' }),
      await house.token('etl', { audience: 'somebody else' }),
      await house.token('retired'),
      'no token at all',
    ];
    const seen = [];
    for (const token of tokens) {
      const { code, message, detail } = await failure(house.client(token));
      seen.push({ code, message, detail });
    }
    seen.push(
      await failure(house.client(await house.token('etl'), { user: 'elsewhere' })).then(
        ({ code, message, detail }) => ({ code, message, detail }),
      ),
    );
    expect(new Set(seen.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(seen[0]?.code).toBe('28P01');
    const refused = (events: readonly AuditEvent[]): readonly string[] =>
      events.flatMap((event) => (event.type === 'login.refused' ? [event.cause] : []));
    const events = await house.evidence((all) => refused(all).length >= 6);
    const proved = events.flatMap((event) => (event.type === 'login.refused' && event.proved ? [event.proved] : []));
    expect(proved).toMatchObject([{ issuer: 'iss_1', subject: 'nobody', claims: { sub: 'nobody' } }]);
    expect(refused(events)).toEqual([
      'unknown_subagent',
      'expired',
      'wrong_audience',
      'disabled',
      'malformed',
      'unknown_connection',
    ]);
  });

  test('nobody can be asked: a held command is refused clearly, and the transaction survives', async () => {
    house.controlPlane.silent = true;
    const client = await house.client(await house.token('deployer'));
    await client.query('BEGIN');
    expect((await failure(client.query('DELETE FROM payments WHERE id = 1'))).code).toBe('SP005');
    expect((await client.query('COMMIT')).command).toBe('COMMIT');
    house.controlPlane.silent = false;
    await client.end();
    const direct = await house.target.connect('app');
    expect((await direct.query('SELECT count(*)::int AS n FROM payments WHERE id < 3')).rows).toEqual([{ n: 2 }]);
    await direct.end();
  });

  test('held, told at once, approved, run; the next time nobody answers, and it runs by id', async () => {
    const { controlPlane } = house;
    const client = await house.client(await house.token('deployer'));
    const notices: string[] = [];
    client.on('notice', ({ message }) => {
      notices.push(message ?? '');
      controlPlane.settle('apr_1', ApprovalState.APPROVAL_STATE_APPROVED, ['usr_grace']);
    });
    expect((await client.query('DELETE FROM payments WHERE id = 3')).rowCount).toBe(1);
    expect(notices).toEqual(['held for approval apr_1']);
    expect(controlPlane.approvals[0]?.request).toMatchObject({
      callerId: 'sub_deployer',
      approvalsNeeded: 1,
      shownText: 'DELETE FROM payments WHERE id = 3',
    });

    client.removeAllListeners('notice');
    const pending = await failure(client.query('DELETE FROM payments WHERE id = 4'));
    expect(pending).toMatchObject({ code: 'SP001', detail: expect.stringContaining('"approval":"apr_2"') });
    const [, kept] = controlPlane.approvals;
    const order = {
      approvalId: 'apr_2',
      command: kept?.request.command,
      callerKind: 'subagent',
      callerId: 'sub_deployer',
      maxRows: 10,
      again: false,
    };
    const early = await controlPlane.run({ ...order, runId: 'run_1' });
    expect(early).toMatchObject({ completed: false, code: 'SP002' });
    controlPlane.settle('apr_2', ApprovalState.APPROVAL_STATE_APPROVED, ['usr_grace']);
    expect(await controlPlane.run({ ...order, runId: 'run_2' })).toMatchObject({
      completed: true,
      tag: 'DELETE 1',
      rows: 1,
    });
    // Once is once.
    expect(await controlPlane.run({ ...order, runId: 'run_3' })).toMatchObject({ completed: false, code: 'SP002' });
    // Its own word does not count, whoever wrote it down.
    const own = failure(client.query('DELETE FROM payments WHERE id = 1'));
    await until(() => controlPlane.approvals.length === 3);
    controlPlane.settle('apr_3', ApprovalState.APPROVAL_STATE_APPROVED, ['sub_deployer']);
    expect((await own).code).toBe('42501');
    await client.end();
  });

  test('a cancel stops what runs, by a key of the gateway’s own', async () => {
    const client = await house.client(await house.token('etl'));
    const slow = failure(client.query('SELECT pg_sleep(30)'));
    const watching = await house.target.connect('app');
    await untilRunning(watching, 'pg_sleep(30)');
    await watching.end();
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const { connect } = await import('node:net');
    const socket = connect(house.proxy.ports.postgres, '127.0.0.1');
    const request = Buffer.alloc(16);
    for (const [index, value] of [16, 80877102, processID, secretKey].entries())
      request.writeInt32BE(value | 0, index * 4);
    socket.end(request);
    expect((await slow).code).toBe('57014');
    await client.end();
  });

  test('a new bundle binds the next statement of an open session; a disabled caller is denied', async () => {
    const client = await house.client(await house.token('etl'));
    expect((await client.query(selectAll)).rows).toEqual(masked);
    const reveal = `${policies} @id("reveal") permit (principal in Group::"etl", action == Action::"reveal", resource in Class::"email");`;
    expect(await house.publish({ policies: reveal })).toBeUndefined();
    expect((await client.query(selectAll)).rows[0]).toMatchObject({
      card: '************4242',
      email: 'ada@example.com',
    });
    await house.publish({ policies, subagents: [subagent('etl', { disabled: true })] });
    expect((await failure(client.query(selectAll))).code).toBe('42501');
    await house.publish({ subagents: [subagent('etl'), subagent('deployer')] });
    expect((await client.query(selectAll)).rows).toEqual(masked);
    await client.end();
  });

  test('an answer ends where its budget does, in the middle of its rows, and the session goes on', async () => {
    const one = `@id("few") @budget("rows=3/1h") permit (principal in Group::"etl", action in Action::"read", resource in Connection::"billing");`;
    expect(await house.publish({ policies: `${policies} ${one}` })).toBeUndefined();
    const client = await house.client(await house.token('etl'));
    expect((await client.query(selectAll)).rows).toEqual(masked);
    const rows: unknown[] = [];
    const query = new pg.Query(selectAll);
    query.on('row', (row) => rows.push(row));
    const cut = new Promise<Error & { code?: string }>((resolve) => query.on('error', resolve));
    client.query(query);
    expect((await cut).code).toBe('54000');
    expect(rows).toEqual(masked.slice(0, 1));
    expect((await failure(client.query(selectAll))).code).toBe('54000');
    expect((await client.query('BEGIN')).command).toBe('BEGIN');
    await house.publish({ policies });
    expect((await client.query(selectAll)).rows).toEqual(masked);
    await client.end();
  });

  test('end session says so, and the client is gone', async () => {
    const client = await house.client(await house.token('etl'));
    const ended = new Promise<string>((resolve) =>
      client.on('error', (error: Error & { code?: string }) => resolve(error.code ?? '')),
    );
    const id = house.proxy.gate.sessions.ids().at(-1);
    house.proxy.gate.sessions.end(id ?? '', { code: 'session_ended', message: 'ended by an admin' });
    expect(await ended).toBe('57P01');
    expect(house.proxy.gate.sessions.size).toBe(0);
  });

  test('evidence: numbers without gaps, an outcome for every intent, no token and no card anywhere', async () => {
    const count = (events: readonly AuditEvent[], type: AuditEvent['type']): number =>
      events.filter((event) => event.type === type).length;
    const events = await house.evidence(
      (all) =>
        count(all, 'session.closed') === count(all, 'session.opened') &&
        count(all, 'statement.outcome') === count(all, 'statement.intent'),
    );
    const bySession = new Map<string, number[]>();
    for (const { session, sequence } of events) bySession.set(session, [...(bySession.get(session) ?? []), sequence]);
    for (const numbers of bySession.values()) expect(numbers).toEqual(numbers.map((_, index) => index));
    const intents = events.flatMap((event) => (event.type === 'statement.intent' ? [event.command] : []));
    const outcomes = events.flatMap((event) => (event.type === 'statement.outcome' ? [event.command] : []));
    expect([...outcomes].sort()).toEqual([...intents].sort());
    const select = events.find((event) => event.type === 'statement.outcome' && event.maskedCells > 0);
    expect(select).toMatchObject({
      status: 'completed',
      rows: 2,
      maskedColumns: ['public.payments.card', 'public.payments.email'],
      maskedCells: 4,
    });
    expect(JSON.stringify(events)).not.toMatch(/4242424242424242|eyJ/);
  });
});
