import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { itemsOf, openDatabase, startPlane } from '../../testing/plane.js';
import type { Rest, TestPlane } from '../../testing/plane.js';
import { MetadataRefresh } from './metadata-refresh.js';

const key = (kid: string) => ({
  ...{ kty: 'OKP', crv: 'Ed25519', kid, alg: 'EdDSA', use: 'sig' },
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
});

let postgres: TestPostgres;
let plane: TestPlane;
let admin: Rest;
/** What the provider publishes: each test may change it. */
let server: Server;
let issuer: string;
let documents: Record<string, unknown>;
beforeAll(async () => {
  server = createServer((request, response) => {
    const document = documents[request.url ?? ''];
    response.statusCode = document === undefined ? 404 : 200;
    response.end(typeof document === 'string' ? document : JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  publish({});
  postgres = await startPostgres();
  await postgres.createDatabase('providers');
  plane = await startPlane(postgres.url('providers'));
  admin = plane.admin;
  await admin('PUT', '/v1/groups/dba', {});
});
afterAll(async () => {
  await plane.stop();
  await postgres.stop();
  server.close();
});

function publish(more: object, keys: readonly object[] = [key('one')]): void {
  const discovery = {
    ...{ issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` },
    ...{ jwks_uri: `${issuer}/keys`, ...more },
  };
  documents = { '/.well-known/openid-configuration': discovery, '/keys': { keys } };
}

const oidc = (more: object = {}) => ({ kind: 'oidc', issuer, clientId: 'sallyport', ...more });

describe('a provider', () => {
  test('is made with what it publishes; its secret is sealed and never shown', async () => {
    const rule = { claim: 'groups', value: 'x', group: 'dba' };
    const made = await admin('PUT', '/v1/identity-providers/corp', oidc({ mapping: { groups: [rule] } }));
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'corp', keys: ['one'], hasClientSecret: false, metadataProblem: null, mapping: { groups: [rule] } },
    });
    const secret = 'the-secret-of-our-client';
    const set = await admin('POST', '/v1/identity-providers/corp/client-secret', { clientSecret: secret });
    expect(set.body['hasClientSecret']).toBe(true);
    const same = await admin('PUT', '/v1/identity-providers/corp', oidc({ mapping: { groups: [rule] } }));
    expect([same.status, same.body['hasClientSecret']]).toEqual([200, true]);
    const everything = JSON.stringify([
      (await admin('GET', '/v1/identity-providers')).body,
      (await admin('GET', '/v1/admin-actions?limit=200')).body,
      await openDatabaseAnd((database) => database.identityProvider.findMany()),
    ]);
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain(Buffer.from(secret).toString('base64'));
  });

  test.each<readonly [string, () => object, string]>([
    ['no client id', () => oidc({ clientId: null }), 'clientId: say who we are there'],
    ['SAML without metadata', () => ({ kind: 'saml', issuer: 'urn:x' }), 'metadataUrl: say where its metadata are'],
    [
      'an unknown group',
      () => oidc({ mapping: { groups: [{ value: 'x', group: 'none' }] } }),
      'there is no group none',
    ],
    ['no openid among the scopes', () => oidc({ scopes: ['email'] }), 'scopes: must hold openid'],
    ['an unknown kind', () => oidc({ kind: 'ldap' }), 'kind: '],
    ['a secret in it', () => oidc({ clientSecret: 'x' }), 'clientSecret: unknown field'],
    ['a metadata URL of a file', () => oidc({ metadataUrl: 'file:///etc/passwd' }), 'metadataUrl: must be an https'],
    ['an issuer of other metadata', () => oidc({ issuer: `${issuer}/` }), 'are those of another issuer'],
    ['an issuer that is not there', () => oidc({ issuer: 'http://127.0.0.1:1' }), 'it cannot be reached'],
  ])('with %s is refused', async (_, body, detail) => {
    const answer = await admin('POST', '/v1/identity-providers', { name: 'refused', ...body() });
    expect([400, 422]).toContain(answer.status);
    expect(answer.body['detail']).toContain(detail);
    expect((await admin('GET', '/v1/identity-providers/refused')).status).toBe(404);
  });

  test('keeps kind and issuer: its people are known by them', async () => {
    const answer = await admin('PUT', '/v1/identity-providers/corp', oidc({ issuer: 'https://other.test' }));
    expect(answer.body).toMatchObject({ status: 409, code: 'conflict' });
    expect((await admin('POST', '/v1/identity-providers', { name: 'twin', ...oidc() })).status).toBe(409);
  });
});

describe('metadata', () => {
  test('are read again; keys change without a gap', async () => {
    publish({}, [key('one'), key('two')]);
    const refreshed = await admin('POST', '/v1/identity-providers/corp/refresh');
    expect(refreshed.body['keys']).toEqual(['one', 'two']);
    publish({}, [key('two')]);
    await openDatabaseAnd((database) =>
      database.identityProvider.updateMany({ data: { metadataReadAt: new Date(0) } }),
    );
    await plane.app.get(MetadataRefresh, { strict: false }).refreshOld(new Date());
    expect((await admin('GET', '/v1/identity-providers/corp')).body['keys']).toEqual(['two']);
  });

  test.each<readonly [string, () => void, string]>([
    ['it is down', () => (documents = {}), 'it answered 404, not 200'],
    ['it sends nonsense', () => (documents['/.well-known/openid-configuration'] = '<html>'), 'are not JSON'],
    ['it sends those of another', () => publish({ issuer: 'https://evil.test' }), 'another issuer'],
    ['it lacks an endpoint', () => publish({ token_endpoint: 7 }), 'lack a usable token_endpoint'],
    [
      'an endpoint is no web address',
      () => publish({ authorization_endpoint: 'javascript:alert(1)' }),
      'authorization',
    ],
    ['its keys are gone', () => publish({}, []), 'publishes no public key'],
    ['its keys are symmetric', () => publish({}, [{ kty: 'oct', k: 'eA' }]), 'publishes no public key'],
    ['it sends more than we read', () => publish({ padding: 'x'.repeat(300_000) }), 'longer than'],
  ])('stay in force when %s, and say so', async (_, spoil, problem) => {
    publish({}, [key('two')]);
    await admin('POST', '/v1/identity-providers/corp/refresh');
    spoil();
    const { body } = await admin('POST', '/v1/identity-providers/corp/refresh');
    expect(body['keys']).toEqual(['two']);
    expect(body['metadataProblem']).toContain(problem);
    publish({}, [key('two')]);
    expect((await admin('POST', '/v1/identity-providers/corp/refresh')).body['metadataProblem']).toBeNull();
  });
});

test('one that goes takes out of groups whom it put in, and nobody else', async () => {
  await admin('PUT', '/v1/users/eve', { role: 'member', groups: ['dba'] });
  await admin('PUT', '/v1/users/linus', { role: 'member', groups: ['dba'] });
  const { id } = (await admin('GET', '/v1/identity-providers/corp')).body;
  await openDatabaseAnd((database) =>
    database.groupMember.updateMany({ where: { user: { name: 'linus' } }, data: { source: String(id) } }),
  );
  expect((await admin('DELETE', '/v1/identity-providers/corp')).status).toBe(204);
  expect((await admin('GET', '/v1/groups/dba')).body['members']).toMatchObject({ users: ['eve'] });
  expect(itemsOf(await admin('GET', '/v1/identity-providers'))).toEqual([]);
});

async function openDatabaseAnd<Result>(work: (database: ReturnType<typeof openDatabase>) => Promise<Result>) {
  const database = openDatabase(postgres.url('providers'));
  try {
    return await work(database);
  } finally {
    await database.$disconnect();
  }
}
