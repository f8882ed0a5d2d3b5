import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CatalogReport, SampleReport } from '@sallyport/contracts';
import { decodeChunk } from '@sallyport/policy';
import { startPostgres, until } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { writtenCatalog } from '../../testing/catalog.js';
import { enrolNode, openStream, portOf } from '../../testing/node.js';
import type { NodeStream } from '../../testing/node.js';
import { itemsOf, startPlane } from '../../testing/plane.js';
import type { Rest, TestPlane } from '../../testing/plane.js';

let postgres: TestPostgres;
let plane: TestPlane;
let admin: Rest;
let agent: NodeStream;
let stranger: NodeStream;
const connection = {
  ...{ protocol: 'postgres', environment: 'production', host: '127.0.0.1', port: 5432, tls: 'disable' },
  ...{ database: 'app', agents: ['a1'], credential: 'billing' },
};
const place = { connection: 'billing', database: 'app' };
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('suggestions');
  plane = await startPlane(postgres.url('suggestions'));
  admin = plane.admin;
  await admin('PUT', '/v1/connections/billing', {
    ...connection,
    tags: [{ table: 'people', column: 'note', classes: ['pii'] }],
  });
  const enrolled = async (name: string): Promise<NodeStream> =>
    openStream(portOf(plane, 'control'), await enrolNode(portOf(plane, 'enrolment'), admin, { kind: 'agent', name }));
  agent = await enrolled('a1');
  stranger = await enrolled('a2');
  const columns = ['email', 'note', 'phone'].map((name, at) => ({ attribute: at + 1, name, type: 25 }));
  const { content, parts } = writtenCatalog({
    ...{ database: 'app', serverVersion: 180_004, functions: [], types: [], searchPath: ['public'] },
    relations: [{ oid: 20_001, schema: 'public', name: 'people', kind: 'table', columns }],
  });
  agent.send({ $case: 'catalog', value: CatalogReport.fromPartial({ ...place, content, parts }) });
  await until(async () => (await admin('GET', `${path}/catalog`)).body['state'] === 'current');
});
afterAll(async () => {
  for (const each of [agent, stranger]) each.stop();
  await plane.stop();
  await postgres.stop();
});

const path = '/v1/connections/billing';
const verdict = { schema: 'public', table: 'people', column: 'note', class: 'card_number', share: 80, sampled: 100 };
const report = (over: Partial<SampleReport>, from = agent): void =>
  from.send({ $case: 'samples', value: SampleReport.fromPartial({ ...place, ...over }) });
const listed = async () =>
  itemsOf(await admin('GET', `${path}/suggestions`)).map(({ column, class: of, reasons }) => [column, of, reasons]);
const sampling = async () => (await admin('GET', `${path}/suggestions/sampling`)).body;
const byName = [
  ['email', 'email', ['name']],
  ['phone', 'phone', ['name']],
];

describe('suggestions', () => {
  test('are by name where values may not be looked at: none are ordered, none are taken', async () => {
    expect(await listed()).toEqual(byName);
    const refused = await admin('POST', `${path}/suggestions/sample`);
    expect([refused.status, refused.body['detail']]).toEqual([409, expect.stringContaining('sampling: true')]);
    report({ verdicts: [verdict] });
    // Heard in order: what comes later shows that it was dropped.
    agent.send({ $case: 'catalog', value: CatalogReport.fromPartial({ ...place, problem: 'later' }) });
    await until(async () => (await admin('GET', `${path}/catalog`)).body['problem'] === 'later');
    expect([await listed(), (await sampling())['sampledAt']]).toEqual([byName, null]);
  });

  test('are by values where that is allowed: one agent is told so in its signed bundle, and ordered to look', async () => {
    await admin('PUT', path, { ...connection, sampling: true });
    await until(() =>
      agent.seen.some(
        (message) =>
          message.$case === 'delta' &&
          message.value.chunks.some(({ kind, content }) => {
            const chunk = kind === 'agent_connection' ? decodeChunk('agent_connection', content) : undefined;
            return chunk?.ok === true && chunk.value.sampling === true;
          }),
      ),
    );
    expect((await admin('POST', `${path}/suggestions/sample`)).status).toBe(202);
    await until(() => agent.seen.some(({ $case }) => $case === 'sampleColumns'));
    report({ verdicts: [verdict, { ...verdict, column: 'email', class: 'email', share: 99 }] });
    await until(async () => typeof (await sampling())['sampledAt'] === 'string');
    expect(await listed()).toEqual([
      ['email', 'email', ['name', 'values']],
      ['note', 'card_number', ['values']],
      ['phone', 'phone', ['name']],
    ]);
    const [first] = itemsOf(await admin('GET', `${path}/suggestions?limit=1`));
    expect(first).toMatchObject({ share: 99, sampled: 100 });
  });

  test.each([
    ['of another agent', { verdicts: [{ ...verdict, column: 'phone', class: 'iban' }] }, 'stranger'],
    ['of a class that no detector has', { verdicts: [{ ...verdict, class: '4111 1111 1111 1111' }] }, 'agent'],
    ['of more than all', { verdicts: [{ ...verdict, share: 101 }] }, 'agent'],
    ['that could not be made', { problem: 'columns cannot be sampled' }, 'agent'],
  ])('are not moved by verdicts %s', async (_, over, from) => {
    const before = await listed();
    report(over, from === 'agent' ? agent : stranger);
    if (from === 'agent') await until(async () => (await sampling())['problem'] !== null);
    else {
      stranger.send({ $case: 'acknowledge', value: { manifestVersion: 7_777 } });
      await until(async () => (await admin('GET', '/v1/agents/a2')).body['manifestVersion'] === 7_777);
    }
    expect(await listed()).toEqual(before);
    expect(JSON.stringify(await sampling())).not.toContain('4111');
    report({ verdicts: [verdict, { ...verdict, column: 'email', class: 'email', share: 99 }] });
    await until(async () => (await sampling())['problem'] === null);
  });

  test('become tags beside those that are there, all or none', async () => {
    const item = { table: 'people', column: 'note', class: 'card_number' };
    const wrong = await admin('POST', `${path}/suggestions/accept`, { items: [item, { ...item, class: 'jwt' }] });
    expect([wrong.status, wrong.body['errors']]).toMatchObject([400, [{ path: 'items.1' }]]);
    const { status, body } = await admin('POST', `${path}/suggestions/accept`, {
      items: [item, { table: 'people', column: 'email', class: 'email' }],
    });
    expect([status, body['items']]).toEqual([
      200,
      [
        { schema: 'public', table: 'people', column: 'email', classes: ['email'] },
        { schema: 'public', table: 'people', column: 'note', classes: ['pii', 'card_number'] },
      ],
    ]);
    expect(await listed()).toEqual([['phone', 'phone', ['name']]]);
    expect((await admin('POST', `${path}/suggestions/accept`, { items: [item] })).status).toBe(400);
  });
});
