import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import {
  type TestIdentityProvider,
  type TestPostgres,
  cutEverywhere,
  startIdentityProvider,
  startPostgres,
} from './index.js';

describe('embedded Postgres', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  test('is PostgreSQL 18 and takes a database of ours', async () => {
    await postgres.createDatabase('app');
    const client = await postgres.connect('app');
    const { rows } = await client.query('select current_database() as db, current_setting($1)::int / 10000 as major', [
      'server_version_num',
    ]);
    await client.end();
    expect(rows).toEqual([{ db: 'app', major: 18 }]);
  });
});

describe('identity provider', () => {
  let idp: TestIdentityProvider;
  beforeAll(async () => {
    idp = await startIdentityProvider({
      clients: [
        { id: 'etl', secret: 's1', claims: { team: 'data' } },
        { id: 'brief', secret: 's2', lifetime: 1 },
      ],
    });
  });
  afterAll(() => idp.stop());

  test('issues signed JWTs for the audience that was asked for', async () => {
    const token = await idp.token('etl', 'https://sallyport.test');
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', kid: 'signing' });
    const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(idp.jwksUri)), { issuer: idp.issuer });
    expect(payload).toMatchObject({ sub: 'etl', aud: 'https://sallyport.test', team: 'data' });
  });

  test('gives lifetimes per client and refuses a wrong secret', async () => {
    const payload = decodeJwt(await idp.token('brief', 'https://x.test'));
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(1);
    await expect(idp.token('nobody', 'https://x.test')).rejects.toThrow('no token');
  });
});

test('cutEverywhere gives the whole and every cut', () => {
  expect([...cutEverywhere(Uint8Array.of(1, 2, 3))].map((parts) => parts.length)).toEqual([1, 2, 2]);
});
