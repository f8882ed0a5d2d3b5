import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openTarget } from '@sallyport/postgres/login';
import { until } from '@sallyport/testing';
import pg from 'pg';
import type { Client, QueryConfig } from 'pg';
import { to } from 'pg-copy-streams';
import { agentsCatalog } from '../testing/agents-catalog.js';
import { subagent } from '../testing/billing.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { loadAnalyses } from './analyses.js';

/** An answer without end under a budget on rows: cut off where it is used up, at the target too, and the session goes on. */
const forms = ['simple', 'extended', 'slices', 'cursor', 'copy'] as const;
const most = 1_000;

let house: House;
let client: Client;
let admin: Client;
beforeAll(async () => {
  house = await openHouse({
    analyses: await loadAnalyses(),
    policies: `@id("few") @budget("rows=${most}/1h") permit (principal, action, resource);`,
    subagents: forms.map((name) => subagent(name)),
    open: openTarget,
    seed: [],
    readCatalog: agentsCatalog,
    connection: { detectors: false },
  });
  admin = await house.target.connect('app');
}, 60_000);
afterAll(async () => {
  await admin.end();
  await house.stop();
});

/** Streamed, as a set in the list of a SELECT is: one in FROM would be kept whole at the target before its first row. */
const bomb = `select generate_series(1, 1000000000::bigint) as n, repeat('x', 1000) as filling`;
type Form = (typeof forms)[number];
const extended = (rows?: number): QueryConfig => ({ text: bomb, queryMode: 'extended', rows }) as QueryConfig;
const send: Readonly<Record<Form, (seen: () => void) => Promise<unknown>>> = {
  simple: (seen) => rowsOf(bomb, seen),
  extended: (seen) => rowsOf(extended(), seen),
  slices: (seen) => rowsOf(extended(100), seen),
  cursor: async (seen) => {
    await client.query('begin');
    await client.query(`declare bomb cursor for ${bomb}`);
    for (let round = 0; round < 10; round += 1) await rowsOf('fetch 300 from bomb', seen);
  },
  copy: async (seen) => {
    let rest = '';
    for await (const chunk of client.query(to(`copy (${bomb}) to stdout`))) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const _line of lines) seen();
    }
  },
};

const rowsOf = (query: string | QueryConfig, seen: () => void): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const sent = new pg.Query(query as never);
    sent.on('row', seen).on('end', resolve).on('error', reject);
    client.query(sent);
  });

test.each(forms)(
  '%s',
  async (form) => {
    client = await house.client(await house.token(form));
    let rows = 0;
    const error = await send[form](() => (rows += 1)).then(
      () => undefined,
      (failure: unknown) => failure as { readonly code: string; readonly message: string },
    );
    expect(error).toMatchObject({ code: '54000', message: expect.stringContaining('budget') });
    // What a stream still holds when it fails is lost with it.
    if (form === 'copy') expect(rows).toBeLessThanOrEqual(most);
    else expect(rows).toBe(most);
    await until(async () => {
      const { rows: running } = await admin.query(
        `select from pg_stat_activity where state = 'active' 
       and wait_event is distinct from 'ClientRead' and query not like '%pg_stat_activity%' and backend_type = 'client backend'`,
      );
      return running.length === 0;
    }, 'the target works for nobody any more');
    // The library asks for slices without a Sync, so that session waits for one for ever: with the target itself, too.
    if (form !== 'slices') await client.query('rollback');
    await client.end();
  },
  30_000,
);
