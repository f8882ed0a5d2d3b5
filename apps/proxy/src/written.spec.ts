import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openTarget } from '@sallyport/postgres/login';
import type { Client } from 'pg';
import { subagent } from '../testing/billing.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { loadAnalyses } from './analyses.js';

/** A limit on written rows holds for every way to write them, whatever the target's tag says. */
const policies = `
  permit (principal, action == Action::"connect", resource);
  @id("few") @budget("writes=10/1h")
  permit (principal, action in [Action::"read", Action::"write", Action::"define"], resource);
`;

let house: House;
let client: Client;
beforeAll(async () => {
  house = await openHouse({
    analyses: await loadAnalyses(),
    policies,
    subagents: [subagent('writer')],
    open: openTarget,
    seed: ['create table notes (id int)', 'insert into notes select generate_series(1, 20)'],
    connection: { detectors: false },
  });
  client = await house.client(await house.token('writer'));
}, 60_000);
afterAll(() => house.stop());

const codeOf = (text: string): Promise<string> =>
  client.query(text).then(
    () => 'done',
    (error: unknown) => `${(error as { code: string }).code} ${(error as Error).message}`,
  );

describe('a budget on written rows', () => {
  test.each([
    'with gone as (delete from notes returning id) select id from gone',
    'with gone as (delete from notes returning id) insert into notes select id from gone',
    'explain analyze delete from notes',
    'copy (delete from notes returning id) to stdout',
    'truncate notes',
    'execute hidden',
  ])('refuses what nobody counts: %s', async (text) => {
    if (text.startsWith('execute'))
      expect(await codeOf('prepare hidden as with gone as (delete from notes returning id) select id from gone')).toBe(
        'done',
      );
    expect(await codeOf(text)).toBe(
      '42501 it writes rows that the target does not count, and a budget limits those (policy few)',
    );
    expect((await client.query('select count(*)::int as left from notes')).rows).toEqual([{ left: 20 }]);
  });

  test('counts the rows of a table that is made of a query', async () => {
    expect(await codeOf('create table six as select id from notes where id <= 6')).toBe('done');
    expect(await codeOf('select id into others from notes where id <= 3')).toBe('done');
    expect(await codeOf('insert into notes values (21)')).toBe('done');
    expect(await codeOf('insert into notes values (22)')).toContain('54000');
    expect(await codeOf('create table more as select 1 as id')).toContain('54000');
    expect(await codeOf('select id from notes')).toBe('done');
  });
});
