import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ApprovalState } from '@sallyport/contracts';
import { openTarget } from '@sallyport/postgres/login';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { connectRaw, endOf } from '../testing/raw-client.js';
import type { RawClient, RawParameter } from '../testing/raw-client.js';
import { subagent } from '../testing/billing.js';
import { loadAnalyses } from './analyses.js';

/** One command as a session sends it: what the session did before, the text, its parameters, where. */
interface Sent {
  readonly before?: readonly string[];
  readonly text?: string;
  readonly parameters?: readonly RawParameter[];
  readonly database?: string;
  readonly startup?: Readonly<Record<string, string>>;
  readonly as?: string;
  /** In one message with the command: the target has not answered it yet. */
  readonly ahead?: string;
}

const policies = `
  permit (principal, action == Action::"connect", resource);
  permit (principal, action in [Action::"read", Action::"administer", Action::"define"], resource);
  @approval("1") permit (principal, action in Action::"write", resource in Connection::"billing");
`;

let house: House;
beforeAll(async () => {
  house = await openHouse({
    analyses: await loadAnalyses(),
    policies,
    subagents: [subagent('deployer'), subagent('other')],
    open: openTarget,
    databases: ['app', 'app2'],
    seed: [
      'CREATE TABLE t (id int, day date, note text)',
      'CREATE TABLE u (id int, day date, note text)',
      'CREATE VIEW v AS SELECT * FROM t',
      'CREATE SCHEMA other',
    ],
    connection: { hold: 40 },
  });
}, 60_000);
afterAll(() => house.stop());

const int4 = 23;
const one: RawParameter = { type: int4, format: 'text', value: Buffer.from('1') };
const binaryOne: RawParameter = { type: int4, format: 'binary', value: Buffer.from([0, 0, 0, 1]) };
const insert = 'INSERT INTO t (id) VALUES (1)';
const withParameter = 'INSERT INTO t (id) VALUES ($1)';

/** Each test's commands are its own. */
let mark = 0;
beforeEach(() => void (mark += 1));

const isState = (end: string): boolean => /^(?:SP\d{3}|\d[0-9A-Z]{4})$/.test(end);

const send = async ({
  before = [],
  text: unmarked = insert,
  parameters,
  database,
  startup,
  as = 'deployer',
  ahead,
}: Sent): Promise<string> => {
  const text = `${unmarked} /* ${mark} */`;
  const client: RawClient = await connectRaw({
    port: house.proxy.ports.postgres,
    password: await house.token(as),
    ...(database === undefined ? {} : { database }),
    ...(startup === undefined ? {} : { parameters: startup }),
  });
  try {
    for (const each of before) expect(isState(endOf(await client.query(each)))).toBe(false);
    if (ahead === undefined) return endOf(await (parameters ? client.run(text, ...parameters) : client.query(text)));
    return endOf((await client.pipeline([ahead], [text])).slice(-1).flat());
  } finally {
    client.end();
  }
};

/** Rows in all tables that a command could reach. */
const rows = async (): Promise<number> => {
  let sum = 0;
  for (const database of ['app', 'app2']) {
    const direct = await house.target.connect(database);
    const counted = await direct.query<{ n: number }>(
      'SELECT (SELECT count(*) FROM t)::int + (SELECT count(*) FROM u)::int AS n',
    );
    sum += counted.rows[0]?.n ?? 0;
    await direct.end();
  }
  return sum;
};

const approveNewest = (): string => {
  const newest = house.controlPlane.approvals.at(-1);
  house.controlPlane.settle(newest?.id ?? '', ApprovalState.APPROVAL_STATE_APPROVED, ['usr_grace']);
  return newest?.id ?? '';
};

describe('an approval is for one command and for no other', () => {
  test.each<[string, Sent, Sent]>([
    ['a letter of the text', {}, { text: 'INSERT INTO t (id) VALUES (2)' }],
    ['a blank', {}, { text: `${insert} ` }],
    ['a comment', {}, { text: `${insert} --` }],
    ['a look-alike name', { text: "INSERT INTO t (note) VALUES ('a')" }, { text: "INSERT INTO t (note) VALUES ('а')" }],
    ['a statement more', {}, { text: `${insert}; ${insert}` }],
    ['simple for extended', { text: withParameter, parameters: [one] }, {}],
    [
      'a bit of a parameter',
      { text: withParameter, parameters: [one] },
      { text: withParameter, parameters: [{ ...one, value: Buffer.from('0') }] },
    ],
    ['binary for text', { text: withParameter, parameters: [one] }, { text: withParameter, parameters: [binaryOne] }],
    [
      'the type of a parameter',
      { text: withParameter, parameters: [one] },
      { text: withParameter, parameters: [{ ...one, type: 0 }] },
    ],
    [
      'NULL for a value',
      { text: withParameter, parameters: [one] },
      { text: withParameter, parameters: [{ ...one, value: null }] },
    ],
    ['the database', {}, { database: 'app2' }],
    ['the caller', {}, { as: 'other' }],
    ['the search path at start-up', {}, { startup: { search_path: 'public, other' } }],
    ['the search path by SET', {}, { before: ['SET search_path = public, other'] }],
    ['the role', {}, { before: ['SET ROLE pg_write_all_data'] }],
    ['how dates are read', {}, { before: ["SET DateStyle = 'ISO, DMY'"] }],
    ['how dates are read, at start-up', {}, { startup: { DateStyle: 'ISO, DMY' } }],
    ['the time zone', {}, { before: ["SET TIME ZONE 'Asia/Tokyo'"] }],
    ['row security', {}, { before: ['SET row_security = off'] }],
    ['a setting of its own', { before: ["SET app.tenant = '1'"] }, { before: ["SET app.tenant = '2'"] }],
    ['a setting of its own, for the transaction', {}, { before: ['BEGIN', "SET LOCAL app.tenant = '2'"] }],
    [
      'a prepared statement under the same name',
      { before: [`PREPARE p (int) AS ${withParameter}`], text: 'EXECUTE p (1)' },
      { before: ['PREPARE p (int) AS INSERT INTO t (id) VALUES ($1 + 1)'], text: 'EXECUTE p (1)' },
    ],
  ])('not with another %s', async (_, approved, sent) => {
    const [start, asked] = [await rows(), house.controlPlane.approvals.length];
    expect(await send(approved)).toBe('SP001');
    const id = approveNewest();
    expect(await send(sent)).toBe('SP001');
    expect(house.controlPlane.approvals.length).toBe(asked + 2);
    expect(house.controlPlane.approvals.at(-1)?.id).not.toBe(id);
    expect(await rows()).toBe(start);
    // And it was none of these reasons: what was approved runs, once.
    expect(await send(approved)).toBe('INSERT 0 1');
    expect(await rows()).toBe(start + 1);
    expect(await send(approved)).toBe('SP001');
  });

  test.each([
    ['a setting of its own', "SET app.tenant = '2'"],
    ['the time zone', "SET TIME ZONE 'Asia/Tokyo'"],
    ['the role', 'SET ROLE pg_write_all_data'],
  ])('not with %s on its way, in one pipeline', async (_, ahead) => {
    expect(await send({})).toBe('SP001');
    approveNewest();
    const start = await rows();
    expect(await send({ ahead })).toMatch(/^(?:SP001|SP008)$/);
    expect(await rows()).toBe(start);
    expect(await send({})).toBe('INSERT 0 1');
  });

  test('not with a setting that only seems to be there, for it was rolled back', async () => {
    expect(await send({ before: ["SET app.tenant = '2'"] })).toBe('SP001');
    approveNewest();
    const start = await rows();
    expect(await send({ before: ['BEGIN', "SET app.tenant = '2'", 'ROLLBACK'] })).toBe('SP008');
    expect(await rows()).toBe(start);
  });

  test('not under another policy', async () => {
    expect(await send({})).toBe('SP001');
    approveNewest();
    const start = await rows();
    await house.publish({});
    expect(await send({})).toBe('SP001');
    expect(await rows()).toBe(start);
  });

  test('not by id, when policy has moved since', async () => {
    expect(await send({})).toBe('SP001');
    const approvalId = approveNewest();
    const command = house.controlPlane.approvals.at(-1)?.request.command;
    const order = { approvalId, command, callerKind: 'subagent', callerId: 'sub_deployer', maxRows: 10, again: false };
    const start = await rows();
    await house.publish({});
    expect(await house.controlPlane.run({ ...order, runId: 'run_moved' })).toMatchObject({
      completed: false,
      code: '42501',
    });
    expect(await rows()).toBe(start);
  });

  test.each<[string, Sent]>([
    ['a fresh session', {}],
    [
      'a session with settings of its own',
      { before: ["SET TIME ZONE 'Asia/Tokyo'", 'SET search_path = public, other'] },
    ],
    ['parameters', { text: withParameter, parameters: [binaryOne] }],
  ])('by id it runs as it was held: %s', async (_, sent) => {
    expect(await send(sent)).toBe('SP001');
    const approvalId = approveNewest();
    const command = house.controlPlane.approvals.at(-1)?.request.command;
    const order = { approvalId, command, callerKind: 'subagent', callerId: 'sub_deployer', maxRows: 10, again: false };
    expect(await house.controlPlane.run({ ...order, runId: `run_${approvalId}` })).toMatchObject({
      completed: true,
      tag: 'INSERT 0 1',
    });
  });
});
