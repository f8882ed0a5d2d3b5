import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { itemsOf, openDatabase, startPlane } from '../../testing/plane.js';
import type { Rest, TestPlane } from '../../testing/plane.js';
import { Enforceability } from './enforceability.js';

let postgres: TestPostgres;
let plane: TestPlane;
let admin: Rest;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('policies');
  plane = await startPlane(postgres.url('policies'));
  admin = plane.admin;
});
afterAll(async () => {
  await plane.stop();
  await postgres.stop();
});

const read =
  '@id("reads")\npermit (principal in Group::"etl", action in Action::"read", resource in Connection::"billing");\n';
const write = `${read}@id("writes")\n@approval("1")\npermit (principal in Group::"etl", action in Action::"write", resource);\n`;
const version = async () => {
  const client = await postgres.connect('policies');
  const { rows } = await client.query<{ v: string }>('select "bundleVersion"::text as v from "Tenant"');
  await client.end();
  return Number(rows[0]?.v);
};

describe('policy sets', () => {
  test('PUT keeps a version per new text, publishes where asked, and is idempotent', async () => {
    const first = await admin('PUT', '/v1/policy-sets/billing', { text: read, publish: true });
    expect([first.status, first.body]).toMatchObject([
      201,
      { latestVersion: 1, publishedVersion: 1, publish: true, text: read },
    ]);
    const raised = await version();
    const same = await admin('PUT', '/v1/policy-sets/billing', { text: read, publish: true });
    expect([same.status, same.body['latestVersion'], await version()]).toEqual([200, 1, raised]);
    const draft = await admin('PUT', '/v1/policy-sets/billing', { text: write });
    expect(draft.body).toMatchObject({ latestVersion: 2, publishedVersion: 1, publish: false });
    expect(await version()).toBe(raised);
    const published = await admin('PUT', '/v1/policy-sets/billing', { text: write, publish: true });
    expect(published.body).toMatchObject({ latestVersion: 2, publishedVersion: 2, publish: true });
    expect(await version()).toBe(raised + 1);
  });

  test('rolling back is publishing an older version; versions never change', async () => {
    const before = await version();
    const back = await admin('POST', '/v1/policy-sets/billing/publish', { version: 1 });
    expect(back.body).toMatchObject({ latestVersion: 2, publishedVersion: 1, publish: false });
    expect(await version()).toBe(before + 1);
    expect((await admin('POST', '/v1/policy-sets/billing/publish', { version: 9 })).status).toBe(404);
    const versions = itemsOf(await admin('GET', '/v1/policy-sets/billing/versions'));
    expect(versions.map((one) => [one['version'], one['author'], one['policies']])).toEqual([
      [2, 'ada', ['reads', 'writes']],
      [1, 'ada', ['reads']],
    ]);
    const page = await admin('GET', '/v1/policy-sets/billing/versions?limit=1');
    const next = await admin('GET', `/v1/policy-sets/billing/versions?limit=1&cursor=${String(page.body['next'])}`);
    expect(itemsOf(next).map((one) => one['version'])).toEqual([1]);
    expect((await admin('GET', '/v1/policy-sets/billing/versions/1')).body['text']).toBe(read);
  });

  test('a diff says what changed', async () => {
    const { body } = await admin('GET', '/v1/policy-sets/billing/diff?from=1&to=2');
    const lines = body['lines'] as readonly { readonly kind: string; readonly text: string }[];
    expect(lines.filter((line) => line.kind === 'added').map((line) => line.text)).toEqual(
      write.split('\n').slice(2, 5),
    );
    expect(lines.filter((line) => line.kind === 'removed')).toEqual([]);
  });

  test('what is wrong is told with its place, and nothing is kept', async () => {
    const wrong = 'permit (principal, action == Action::"fly", resource);';
    const answer = await admin('PUT', '/v1/policy-sets/wrong', { text: `\n${wrong}`, publish: true });
    expect(answer.body).toMatchObject({
      status: 422,
      code: 'policy_invalid',
      errors: expect.arrayContaining([{ path: 'text:2:30', message: expect.stringContaining('unrecognized action') }]),
    });
    expect((await admin('GET', '/v1/policy-sets/wrong')).status).toBe(404);
    const validated = await admin('POST', '/v1/policy-sets/wrong/validate', { text: wrong });
    expect([validated.status, validated.body['valid']]).toEqual([200, false]);
    expect((await admin('POST', '/v1/policy-sets/any/validate', { text: write })).body).toMatchObject({
      valid: true,
      policies: ['reads', 'writes'],
      warnings: [{ message: 'nobody is permitted to approve what writes holds' }],
    });
    const approving = `${write} permit (principal in Group::"dba", action == Action::"approve", resource);`;
    expect((await admin('POST', '/v1/policy-sets/any/validate', { text: approving })).body).toMatchObject({
      valid: true,
      warnings: [],
    });
    const idle = `@preview permit (principal, action in Action::"write", resource);`;
    expect((await admin('POST', '/v1/policy-sets/any/validate', { text: idle })).body).toMatchObject({
      valid: true,
      warnings: [
        { line: 1, column: 1, message: '@preview holds nothing by itself', help: 'write @approval beside it' },
      ],
    });
    const added = await admin('POST', '/v1/policy-sets/billing/versions', { text: wrong });
    expect(added.body['code']).toBe('policy_invalid');
  });

  test('writers at once get versions one after the other', async () => {
    const texts = ['a', 'b', 'c', 'd', 'e'].map(
      (id) => `@id("${id}")\npermit (principal, action in Action::"read", resource);`,
    );
    await admin('POST', '/v1/policy-sets', { name: 'raced', text: read });
    const answers = await Promise.all(texts.map((text) => admin('POST', '/v1/policy-sets/raced/versions', { text })));
    expect(answers.map((answer) => answer.body['version']).sort()).toEqual([2, 3, 4, 5, 6]);
  });

  test('what a protocol cannot enforce is refused when it is published, with the row that is missing', async () => {
    await admin('PUT', '/v1/connections/billing', connection);
    const client = await postgres.connect('policies');
    await client.query(`update "Connection" set protocol = 'carrier-pigeon' where name = 'billing'`);
    await admin('POST', '/v1/policy-sets', { name: 'strict', text: write.replaceAll('etl', 'deployers') });
    const before = await version();
    const refused = await admin('POST', '/v1/policy-sets/strict/publish', { version: 1 });
    expect(refused.body).toMatchObject({
      status: 422,
      code: 'unenforceable',
      gaps: expect.arrayContaining([
        expect.objectContaining({
          connection: 'billing',
          protocol: 'carrier-pigeon',
          policy: 'writes',
          control: 'hold',
        }),
      ]),
    });
    expect(await version()).toBe(before);
    expect((await admin('GET', '/v1/policy-sets/strict')).body['publishedVersion']).toBeNull();
    const validation = await admin('POST', '/v1/policy-sets/strict/validate', { text: write });
    expect(validation.body).toMatchObject({ valid: false, problems: [] });
    const enforceability = plane.app.get(Enforceability, { strict: false });
    const database = openDatabase(postgres.url('policies'));
    const { id: tenantId } = await database.tenant.findFirstOrThrow();
    await expect(enforceability.checkPublished(database, tenantId, 'billing')).rejects.toThrow('carrier-pigeon');
    await database.$disconnect();
    expect((await admin('PUT', '/v1/connections/other', connection)).status).toBe(201);
    await client.query(`update "Connection" set protocol = 'postgres' where name = 'billing'`);
    await client.end();
  });

  test('a mode that a policy cannot reach holds nothing against it', async () => {
    expect((await admin('PUT', '/v1/connections/reach', { ...connection, environment: 'reach' })).status).toBe(201);
    const gapsOf = async (head: string) => {
      const text = `@id("one")\n${head};`;
      const { body } = await admin('POST', '/v1/policy-sets/reach/validate', { text });
      expect(body['problems']).toEqual([]);
      const gaps = body['gaps'] as readonly { readonly mode: string; readonly control: string }[];
      return gaps.map((gap) => `${gap.mode} ${gap.control}`);
    };
    const on = 'resource in Connection::"reach")';
    expect(await gapsOf(`@approval("1") permit (principal, action in Action::"write", ${on}`)).toEqual([]);
    expect(await gapsOf(`@budget("rows=10/1h") permit (principal, action in Action::"read", ${on}`)).toEqual([]);
    expect(await gapsOf(`@budget("rows=10/1h") permit (principal, action == Action::"select", ${on}`)).toEqual([]);
    expect(await gapsOf('permit (principal, action == Action::"reveal", resource)')).not.toContain('copy_in mask');
    for (const action of ['action in Action::"write"', 'action', 'action in [Action::"read", Action::"insert"]'])
      expect(await gapsOf(`@budget("writes=10/1h") permit (principal, ${action}, ${on}`)).toEqual([]);
  });

  test('a preview is shown where it can be; where it cannot, approvers are told instead', async () => {
    const text = `@id("seen") @approval("1") @preview permit (principal, action in Action::"write", resource in Connection::"reach");`;
    expect((await admin('POST', '/v1/policy-sets', { name: 'previewed', text })).status).toBe(201);
    expect((await admin('POST', '/v1/policy-sets/previewed/publish', { version: 1 })).status).toBe(200);
    expect((await admin('DELETE', '/v1/policy-sets/previewed')).status).toBe(204);
  });

  test('a group that a policy in force names stays; one that only a draft names may go', async () => {
    for (const name of ['named', 'drafted']) await admin('PUT', `/v1/groups/${name}`, {});
    const forbid = (group: string) => `@id("never")\nforbid (principal in Group::"${group}", action, resource);\n`;
    const unless =
      '@id("some")\npermit (principal, action in Action::"read", resource) when { principal in Group::"named" };';
    await admin('PUT', '/v1/policy-sets/naming', { text: forbid('named'), publish: true });
    const refused = await admin('DELETE', '/v1/groups/named');
    expect(refused.body).toMatchObject({ status: 409, code: 'in_use', detail: expect.stringContaining('naming') });
    await admin('PUT', '/v1/policy-sets/naming', { text: unless, publish: true });
    expect((await admin('DELETE', '/v1/groups/named')).body).toMatchObject({ status: 409, code: 'in_use' });
    await admin('PUT', '/v1/policy-sets/naming', { text: forbid('drafted') });
    expect((await admin('DELETE', '/v1/groups/drafted')).status).toBe(204);
    await admin('DELETE', '/v1/policy-sets/naming');
    expect((await admin('DELETE', '/v1/groups/named')).status).toBe(204);
  });

  test('removing one takes its policies out of force', async () => {
    const before = await version();
    expect((await admin('DELETE', '/v1/policy-sets/raced')).status).toBe(204);
    expect(await version()).toBe(before + 1);
    expect((await admin('GET', '/v1/policy-sets/raced')).status).toBe(404);
  });
});

const connection = {
  protocol: 'postgres',
  environment: 'production',
  host: '127.0.0.1',
  port: 5432,
  tls: 'disable',
  database: 'app',
  agents: ['billing-agent'],
  credential: 'billing',
};
