import { describe, expect, test } from '@jest/globals';
import type { Place } from './ready-lines.js';
import { passFileLine, runEnvironment } from './run-environment.js';

const place: Place = { host: 'gate', port: 7432, user: 'billing', database: 'app', sslmode: 'verify-full' };
const input = {
  env: {},
  place,
  passFile: '/private/pgpass',
  authorities: '/private/ca.pem',
  databaseUrl: false,
  inlineToken: undefined,
};

describe('the environment of a program', () => {
  test('says where, and where the token is; not the token', () => {
    expect(runEnvironment(input)).toEqual({
      PGHOST: 'gate',
      PGPORT: '7432',
      PGUSER: 'billing',
      PGDATABASE: 'app',
      PGSSLMODE: 'verify-full',
      PGPASSFILE: '/private/pgpass',
      PGSSLROOTCERT: '/private/ca.pem',
      NODE_EXTRA_CA_CERTS: '/private/ca.pem',
    });
  });

  test('keeps what is there, but for what would lead elsewhere', () => {
    const env = {
      HOME: '/home',
      NODE_EXTRA_CA_CERTS: '/mine',
      PGPASSWORD: 'old',
      PGHOSTADDR: '10.0.0.1',
      PGSERVICE: 'x',
    };
    const made = runEnvironment({ ...input, env });
    expect(made).toMatchObject({ HOME: '/home', NODE_EXTRA_CA_CERTS: '/mine' });
    for (const name of ['PGPASSWORD', 'PGHOSTADDR', 'PGSERVICE']) expect(made).not.toHaveProperty(name);
  });

  test('DATABASE_URL where asked for; the token in it only where that is asked for, too', () => {
    expect(runEnvironment({ ...input, databaseUrl: true })).toMatchObject({
      DATABASE_URL: 'postgres://billing@gate:7432/app?sslmode=verify-full&sslrootcert=%2Fprivate%2Fca.pem',
    });
    expect(runEnvironment({ ...input, databaseUrl: true, inlineToken: 'e.y/J' })).toMatchObject({
      PGPASSWORD: 'e.y/J',
      DATABASE_URL: expect.stringContaining('//billing:e.y%2FJ@gate:7432/'),
    });
  });

  test('nobody is checked: no authorities', () => {
    const made = runEnvironment({ ...input, place: { ...place, sslmode: 'require' }, authorities: undefined });
    expect(made).toMatchObject({ PGSSLMODE: 'require' });
    expect(made).not.toHaveProperty('PGSSLROOTCERT');
  });
});

test.each([
  ['gate', 'eyJ.a.b', 'gate:7432:*:billing:eyJ.a.b\n'],
  ['::1', 'to:ke\\n', '\\:\\:1:7432:*:billing:to\\:ke\\\\n\n'],
])('a line of a password file for %s', (host, token, line) => {
  expect(passFileLine({ ...place, host }, token)).toBe(line);
});
