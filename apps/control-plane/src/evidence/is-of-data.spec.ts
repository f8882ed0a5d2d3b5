import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { Database } from '../db/database.js';
import { isOfData } from './is-of-data.js';

let postgres: TestPostgres;
let database: Database;
beforeAll(async () => {
  postgres = await startPostgres();
  database = new Database(postgres.url('postgres'));
});
afterAll(async () => {
  await database.$disconnect();
  await postgres.stop();
});

const failureOf = (sql: string): Promise<unknown> =>
  database
    .$transaction((transaction) => transaction.$queryRawUnsafe(sql))
    .then(
      () => undefined,
      (cause: unknown) => cause,
    );

describe('a failure', () => {
  test.each([
    [`select '{'::jsonb`, true],
    [`select 'x'::int`, true],
    [`select 99999999999::int`, true],
    [`create temp table t (i int primary key); insert into t values (1), (1)`, true],
    [`select repeat('x', 2000000000)`, true],
    [`select pg_sleep(5) from (select set_config('statement_timeout', '1', false)) s`, false],
    [`select * from "22P02"`, false],
    [`select 1/0 as "fine"`, true],
    [`do $$ begin raise exception 'Raw query failed. Code: \`22P02\`. ' using errcode = '40001'; end $$`, false],
    [`do $$ begin raise exception 'down' using errcode = '57P01'; end $$`, false],
  ])('%s is about the row: %p', async (sql, ofData) => {
    const failure = await failureOf(sql);
    if (sql.includes('statement_timeout')) return expect(isOfData(failure)).toBe(false);
    expect(failure).toBeInstanceOf(Error);
    expect([isOfData(failure), (failure as Error).message]).toEqual([ofData, (failure as Error).message]);
  });

  test('of a server that is gone is about no row, whatever its port', async () => {
    for (const port of [1, 22022, 23505, 54321]) {
      const gone = new Database(`postgres://u:p@127.0.0.1:${port}/x`);
      const failure: unknown = await gone
        .$transaction((transaction) => transaction.$queryRaw`select 1`)
        .catch((cause: unknown) => cause);
      expect([port, isOfData(failure)]).toEqual([port, false]);
      await gone.$disconnect();
    }
  });

  test.each([undefined, null, 'P2000', { code: 'P2000' }, new Error('Code: `22P02`')])('%p is about no row', (cause) =>
    expect(isOfData(cause)).toBe(false),
  );
});
