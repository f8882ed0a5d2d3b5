import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditEvent } from '@sallyport/audit';
import { mintId } from '@sallyport/runtime';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { itemsOf, openDatabase, startPlane } from '../../testing/plane.js';
import type { Rest, TestPlane } from '../../testing/plane.js';
import { endSessionChannel } from '../configuration/session-ending.js';

let postgres: TestPostgres;
let plane: TestPlane;
let admin: Rest;
const start = Date.UTC(2026, 10, 23, 12);
const open = mintId('ses', start);
const closed = mintId('ses', start + 1);

const caller = { kind: 'subagent', id: 'sub_1', name: 'etl', onBehalfOf: [] } as const;
const head = (session: string, sequence: number) => ({
  id: `${session}:${sequence}`,
  session,
  sequence,
  at: start + sequence,
  proxy: 'gate-1',
});
const statement = (session: string, sequence: number, text: string, tables: readonly string[]) => ({
  ...head(session, sequence),
  command: `cmd_${sequence}`,
  connection: 'billing',
  database: 'app',
  caller,
  text,
  digest: 'd',
  kinds: ['select'],
  tables,
  policyVersion: 1,
  policies: ['reads'],
  approval: undefined,
});
const events: readonly AuditEvent[] = [
  {
    ...head(open, 0),
    type: 'session.opened',
    connection: 'billing',
    database: 'app',
    caller,
    agent: 'a',
    clientAddress: '::1',
    application: '',
  },
  { ...statement(open, 1, 'select 1', ['public.payments']), type: 'statement.intent', verdict: 'allowed' },
  {
    ...head(open, 2),
    type: 'statement.outcome',
    command: 'cmd_1',
    status: 'completed',
    tag: 'SELECT 1',
    error: undefined,
    rows: 1,
    bytes: 9,
    duration: 1.5,
    maskedColumns: ['card_number'],
    maskedCells: 1,
  },
  {
    ...statement(open, 3, 'drop table payments', ['public.payments']),
    type: 'statement.refused',
    code: 'denied',
    reason: 'no',
  },
  { ...statement(open, 4, 'delete from payments', ['public.payments']), type: 'statement.intent', verdict: 'approved' },
  {
    ...head('ses_x', 0),
    type: 'login.refused',
    connection: 'billing',
    database: 'app',
    clientAddress: '::1',
    cause: 'expired',
    claimed: undefined,
  },
];

beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('sessions');
  plane = await startPlane(postgres.url('sessions'));
  admin = plane.admin;
  const database = openDatabase(postgres.url('sessions'));
  const { id: tenantId } = await database.tenant.findFirstOrThrow();
  const session = {
    tenantId,
    proxy: 'gate-1',
    agent: 'a',
    connectionName: 'billing',
    database: 'app',
    callerKind: 'subagent',
    callerId: 'sub_1',
    callerName: 'etl',
    clientAddress: '::1',
  };
  await database.session.createMany({
    data: [
      { ...session, id: open, openedAt: new Date(start) },
      {
        ...session,
        id: closed,
        callerName: 'deployer',
        openedAt: new Date(start),
        closedAt: new Date(start + 5),
        closeCause: 'client_left',
      },
      { ...session, id: mintId('ses'), tenantId: 'ten_other', openedAt: new Date(start) },
    ],
  });
  const row = (event: AuditEvent) => ({
    id: event.id,
    tenantId,
    sessionId: event.session,
    sequence: event.sequence,
    type: event.type,
    at: new Date(event.at),
    callerName: 'caller' in event ? event.caller.name : null,
    connectionName: 'connection' in event ? event.connection : null,
    verdict: event.type === 'statement.intent' ? event.verdict : event.type === 'statement.refused' ? 'refused' : null,
    commandId: 'command' in event ? event.command : null,
    tables: 'tables' in event ? [...event.tables] : [],
    content: JSON.parse(JSON.stringify(event)) as object,
  });
  await database.auditRecord.createMany({
    data: [
      ...events.map(row),
      { ...row(events[1] as AuditEvent), id: 'other:1', sessionId: 'other', tenantId: 'ten_other' },
    ],
  });
  await database.$disconnect();
});
afterAll(async () => {
  await plane.stop();
  await postgres.stop();
});

describe('sessions', () => {
  test('are listed newest first, filtered, of the own tenant only', async () => {
    const all = itemsOf(await admin('GET', '/v1/sessions'));
    expect(all.map((session) => session['id'])).toEqual([closed, open]);
    expect(itemsOf(await admin('GET', '/v1/sessions?open=true')).map((session) => session['id'])).toEqual([open]);
    expect(itemsOf(await admin('GET', '/v1/sessions?principal=deployer'))).toHaveLength(1);
    expect(itemsOf(await admin('GET', '/v1/sessions?to=2026-11-23T11:59:59Z'))).toHaveLength(0);
    const page = await admin('GET', '/v1/sessions?limit=1');
    const next = await admin('GET', `/v1/sessions?limit=1&cursor=${String(page.body['next'])}`);
    expect([...itemsOf(page), ...itemsOf(next)].map((session) => session['id'])).toEqual([closed, open]);
    expect(next.body['next']).toBeNull();
  });

  test('statements carry their outcome; a missing one is unknown', async () => {
    const statements = itemsOf(await admin('GET', `/v1/sessions/${open}/statements`));
    expect(statements).toMatchObject([
      {
        sequence: 1,
        verdict: 'allowed',
        status: 'completed',
        tag: 'SELECT 1',
        rows: 1,
        duration: 1.5,
        maskedColumns: ['card_number'],
      },
      { sequence: 3, verdict: 'refused', status: null, code: 'denied', reason: 'no', rows: null, maskedColumns: [] },
      { sequence: 4, verdict: 'approved', status: 'unknown', rows: null, tag: null },
    ]);
    const page = await admin('GET', `/v1/sessions/${open}/statements?limit=2`);
    const next = await admin('GET', `/v1/sessions/${open}/statements?limit=2&cursor=${String(page.body['next'])}`);
    expect(itemsOf(next).map((one) => one['sequence'])).toEqual([4]);
    expect((await admin('GET', `/v1/sessions/${mintId('ses')}/statements`)).status).toBe(404);
  });

  test('ending one tells every replica; one that is over cannot be ended', async () => {
    const listener = await postgres.connect('sessions');
    const heard = new Promise<string>((resolve) =>
      listener.once('notification', (notice) => resolve(notice.payload ?? '')),
    );
    await listener.query(`listen ${endSessionChannel}`);
    expect((await admin('POST', `/v1/sessions/${open}/end`)).status).toBe(202);
    expect(JSON.parse(await heard)).toMatchObject({ sessionId: open, reason: 'ended by ada' });
    expect((await admin('POST', `/v1/sessions/${closed}/end`)).status).toBe(409);
    await listener.end();
  });
});

describe('audit', () => {
  test.each([
    ['type=login.refused', 1],
    ['verdict=refused', 1],
    ['verdict=approved', 1],
    ['table=public.payments', 3],
    ['table=public.nothing', 0],
    ['principal=etl', 4],
    ['principal=nobody', 0],
    [`session=${open}`, 5],
    ['connection=billing', 5],
    ['from=2026-11-23T12:00:00.003Z', 2],
    ['to=2026-11-23T12:00:00.001Z', 2],
    ['', 6],
    ['principal=etl&table=public.payments&verdict=refused&connection=billing', 1],
    [`session=${open}&type=statement.intent&from=2026-11-23T12:00:00.002Z`, 1],
  ])('%s, whole and page by page, gives %d', async (query, count) => {
    const whole = itemsOf(await admin('GET', `/v1/audit?${query}`)).map((event) => event['id']);
    expect(whole).toHaveLength(count);
    const paged: unknown[] = [];
    for (let cursor = ''; ;) {
      const page = await admin('GET', `/v1/audit?${query}&limit=1${cursor}`);
      paged.push(...itemsOf(page).map((event) => event['id']));
      if (page.body['next'] === null) break;
      cursor = `&cursor=${String(page.body['next'])}`;
    }
    expect(paged).toEqual(whole);
  });

  test('pages through everything once, newest first', async () => {
    const seen: unknown[] = [];
    let cursor = '';
    do {
      const page = await admin('GET', `/v1/audit?limit=2${cursor}`);
      seen.push(...itemsOf(page).map((event) => event['id']));
      cursor = page.body['next'] === null ? '' : `&cursor=${String(page.body['next'])}`;
    } while (cursor !== '');
    expect(new Set(seen).size).toBe(6);
    expect(seen[0]).toBe(`${open}:4`);
    const [refused] = itemsOf(await admin('GET', '/v1/audit?type=login.refused'));
    expect(refused).toMatchObject({ cause: 'expired', at: '2026-11-23T12:00:00.000Z' });
  });

  test('a wrong filter is told', async () => {
    for (const query of ['type=nothing', 'from=yesterday', 'verdict=maybe', 'princpal=etl', 'table=%00'])
      expect([query, (await admin('GET', `/v1/audit?${query}`)).status]).toEqual([query, 400]);
  });
});
