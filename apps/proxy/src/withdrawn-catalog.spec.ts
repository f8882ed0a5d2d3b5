import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Catalog } from '@sallyport/kernel';
import { openTarget } from '@sallyport/postgres/login';
import { until } from '@sallyport/testing';
import type { Client } from 'pg';
import { readCatalog } from '../../agent/src/catalog.js';
import { subagent } from '../testing/billing.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { loadAnalyses } from './analyses.js';

/** What the control plane takes away because nobody confirms it, or because it is not believed. */
let house: House;
let client: Client;
let catalog: Catalog;
beforeAll(async () => {
  house = await openHouse({
    analyses: await loadAnalyses(),
    policies:
      'permit (principal, action, resource) unless { action == Action::"reveal" || action == Action::"filter" };',
    subagents: [subagent('deployer')],
    open: openTarget,
    seed: [
      `create table people (id int, mail text, note text)`,
      `insert into people values (1, 'canary-mail', 'canary-note')`,
      'create view shown as select id, mail as m from people',
      `create materialized view kept as select mail as m from people`,
      `create function f() returns text language sql as 'select mail from people'`,
    ],
    connection: {
      tags: [{ schema: 'public', table: 'people', column: 'mail', classes: ['secret'] }],
      detectors: false,
    },
    readCatalog: async (admin) => {
      const read = await readCatalog(admin, undefined);
      if (read.catalog === undefined) throw new Error('no catalog');
      catalog = read.catalog;
      return catalog;
    },
  });
  client = await house.client(await house.token('deployer'));
}, 60_000);
afterAll(async () => {
  await client.end();
  await house.stop();
});

const reads = [
  'select * from people',
  'select mail as harmless from people',
  'select p::text from people p',
  'select to_jsonb(p) from people p',
  'select upper(mail) from people',
  'select m from shown',
  'select * from shown',
  'select m from kept',
  'select f()',
  `select id from people where mail like 'canary%'`,
  'table people',
  'with x as (select mail from people) select * from x',
  'select mail from people union select note from people',
];
const said = async (text: string): Promise<string> => {
  try {
    return JSON.stringify((await client.query(text)).rows);
  } catch (error) {
    return error instanceof Error ? error.message : 'failed';
  }
};

describe('a catalog that is withdrawn', () => {
  test('stops what needs it in a session that is open; nothing is shown, the session lives, and it goes on when it is back', async () => {
    expect(await said('select note from people')).toContain('canary-note');
    expect(await house.publish({ withdrawn: 'app' })).toBeUndefined();
    await until(async () => !(await said('select note from people')).includes('canary-note'));
    for (const text of reads) expect([text, await said(text)]).toEqual([text, expect.not.stringContaining('canary')]);
    for (const text of reads) {
      const copied = text.startsWith('table') ? 'select * from people' : text;
      expect([text, await said(`copy (${copied}) to stdout`)]).toEqual([text, expect.not.stringContaining('canary')]);
    }
    // Not one bit either.
    expect(await said(`select id from people where mail like 'canary%'`)).not.toContain('"id"');
    expect(await said('select 1 as one')).toBe('[{"one":1}]');
    expect(await house.publish({ catalog })).toBeUndefined();
    await until(async () => (await said('select note from people')).includes('canary-note'));
  });
});
