import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Place, keywords } from './place.js';
import { runWell } from './program.js';
import { debian, libpq, psql } from './psql.js';
import type { Scenario } from './scenario.js';

const pgbench = async (at: Place, args: readonly string[]): Promise<string> => {
  const said = await runWell(debian('pgbench'), [...args, keywords(at)], libpq(at));
  // What it measures is its own: what it did is compared.
  return said.replace(
    /^(latency|initial connection|tps|average connection|.*done in|.*of .* tuples|\s+[\d.]+ ).*$/gm,
    '',
  );
};

/** Everything that it changed. The seed says what it does. */
const changed = (at: Place): Promise<string> =>
  psql(
    at,
    `select count(*), sum(abalance), md5(string_agg(abalance::text, ',' order by aid)) from pgbench_accounts;
     select sum(tbalance) from pgbench_tellers; select sum(bbalance) from pgbench_branches;
     select count(*), sum(delta), md5(string_agg(concat_ws(',', tid, bid, aid, delta), ';' order by tid, aid, delta))
     from pgbench_history;`,
  );

const initialise = (at: Place): Promise<string> => pgbench(at, ['-i', '-q', '-s', '1']);

const mode = (name: string, args: readonly string[], transactions: number): Scenario => ({
  name: `pgbench: ${name}`,
  needs: ['postgresql'],
  run: async (at) => {
    await initialise(at);
    const said = await pgbench(at, ['-n', '--random-seed=7', '-c', '2', '-t', String(transactions / 2), ...args]);
    return said + (await changed(at));
  },
  shows: [`number of transactions actually processed: ${transactions}/${transactions}`, /failed transactions: 0/],
});

export const pgbenchScenarios: readonly Scenario[] = [
  {
    name: 'pgbench: -i, with foreign keys and partitions',
    needs: ['postgresql'],
    run: async (at) =>
      [
        await pgbench(at, ['-i', '-q', '-s', '1', '--foreign-keys', '--partitions=3']),
        await psql(at, '\\d+ pgbench_accounts'),
        await changed(at),
      ].join('\n'),
    shows: ['100000', 'Partitions: pgbench_accounts_1', 'pgbench_accounts_bid_fkey'],
  },
  mode('TPC-B, simple protocol', ['-M', 'simple'], 60),
  mode('TPC-B, extended protocol', ['-M', 'extended'], 60),
  mode('TPC-B, prepared statements', ['-M', 'prepared'], 60),
  mode('TPC-B, a connection for each transaction (-C)', ['-C', '-M', 'prepared'], 20),
  {
    name: 'pgbench: a pipeline',
    needs: ['postgresql'],
    run: async (at) => {
      const script = `\\startpipeline\n${'select abalance from pgbench_accounts where aid = :client_id + 1;\n'.repeat(8)}\\endpipeline\n`;
      await writeFile(join(at.directory, 'pipeline.sql'), script);
      await initialise(at);
      return pgbench(at, ['-n', '-M', 'prepared', '-c', '2', '-t', '10', '-f', 'pipeline.sql']);
    },
    shows: ['number of transactions actually processed: 20/20'],
  },
];
