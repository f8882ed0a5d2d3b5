import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import pg from 'pg';
import { type Place, dsnOf, readyLines, uriOf } from './ready-lines.js';

const place: Place = { host: 'gate.example.com', port: 7432, user: 'billing', database: 'app', sslmode: 'disable' };
const odd: Place = {
  host: '::1',
  port: 1,
  user: `o'b "x" $HOME`,
  database: 'a b\\e',
  sslmode: 'verify-full',
  authorities: '/etc/my ca.pem',
};

test('each line for the plain case, word by word', () => {
  expect(Object.fromEntries(readyLines(place).map((each) => [each.for, each.line]))).toEqual({
    psql: 'psql "host=gate.example.com port=7432 user=billing dbname=app sslmode=disable"',
    URI: 'postgres://billing@gate.example.com:7432/app?sslmode=disable',
    JDBC: 'jdbc:postgresql://gate.example.com:7432/app?user=billing&sslmode=disable',
    environment: 'export PGHOST=gate.example.com PGPORT=7432 PGUSER=billing PGDATABASE=app PGSSLMODE=disable',
    '.env': 'DATABASE_URL=postgres://billing@gate.example.com:7432/app?sslmode=disable',
    'Go (pgx)': 'pgx.Connect(ctx, "postgres://billing@gate.example.com:7432/app?sslmode=disable")',
    'Python (psycopg)': 'psycopg.connect("host=gate.example.com port=7432 user=billing dbname=app sslmode=disable")',
    'Node (pg)': 'new pg.Client({ connectionString: "postgres://billing@gate.example.com:7432/app?sslmode=disable" })',
  });
});

test('authorities stand in what libpq reads', () => {
  const verified: Place = { ...place, sslmode: 'verify-full', authorities: 'system' };
  expect(dsnOf(verified)).toContain('sslmode=verify-full sslrootcert=system');
  expect(uriOf(verified)).toContain('?sslmode=verify-full&sslrootcert=system');
  expect(readyLines(verified)[3]?.line).toContain('PGSSLMODE=verify-full PGSSLROOTCERT=system');
});

describe('names that need quotes come out whole', () => {
  test('in a shell', () => {
    const environment = readyLines(odd).find((each) => each.for === 'environment')?.line ?? '';
    const seen = execFileSync('sh', [
      '-c',
      `${environment}\nprintf '%s|%s|%s' "$PGUSER" "$PGDATABASE" "$PGSSLROOTCERT"`,
    ]);
    expect(seen.toString()).toBe([odd.user, odd.database, odd.authorities].join('|'));
    const psql = readyLines(odd).find((each) => each.for === 'psql')?.line ?? '';
    expect(execFileSync('sh', ['-c', psql.replace('psql', "printf '%s'")]).toString()).toBe(dsnOf(odd));
  });

  test('in a driver', () => {
    const { host, port, user, database } = new pg.Client({ connectionString: uriOf({ ...odd, sslmode: 'disable' }) });
    expect({ host, port, user, database }).toEqual({ host: '::1', port: 1, user: odd.user, database: odd.database });
  });
});
