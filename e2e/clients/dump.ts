import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Place, keywords } from './place.js';
import { runWell } from './program.js';
import { debian, libpq, psql } from './psql.js';
import type { Scenario } from './scenario.js';

/** Of the fixture's schema, with its data. */
const dump = (at: Place, args: readonly string[]): Promise<string> =>
  runWell(debian('pg_dump'), ['-d', keywords(at), '-n', 'shop', ...args], libpq(at));

const restore = (at: Place, args: readonly string[]): Promise<string> => runWell(debian('pg_restore'), args, libpq(at));

/** Since 15.14 a script carries a password of its own against its own text, another in every dump. */
const comparable = (script: string): string => script.replace(/^(\\(?:un)?restrict) \S+$/gm, '$1');

/** What stands in the database, as a direct look says. */
const look = async (at: Place): Promise<string> => comparable(await dump(at, []));

const shows = [
  'CREATE TABLE shop.orders',
  'COPY shop.orders',
  'CREATE MATERIALIZED VIEW',
  'CREATE TRIGGER',
  'CREATE POLICY',
];
const head = { needs: ['postgresql'], target: 'debian' } as const;

const archive = (name: string, how: readonly string[], jobs: readonly string[]): Scenario => ({
  ...head,
  name: `pg_dump and pg_restore: ${name}`,
  run: async (at) => {
    await dump(at, [...how, ...jobs, '-f', 'archive']);
    const list = await restore(at, ['--list', 'archive']);
    const text = await restore(at, ['-f', '-', 'archive']);
    await psql(at, 'drop schema shop cascade');
    const said = await restore(at, ['-d', keywords(at), '--exit-on-error', ...jobs, 'archive']);
    return [
      list.replace(/^; +Archive created at .*$/m, '').replace(/^\d+; \d+ \d+ /gm, ''),
      comparable(text),
      said,
      await look(at),
    ].join('\n');
  },
  shows: [...shows, 'TABLE DATA shop orders'],
});

export const dumpScenarios: readonly Scenario[] = [
  {
    ...head,
    name: 'pg_dump: plain, and psql runs it',
    run: async (at) => {
      await dump(at, ['-f', 'plain.sql']);
      const script = comparable(await readFile(join(at.directory, 'plain.sql'), 'utf8'));
      await psql(at, 'drop schema shop cascade');
      const said = await psql(at, '', ['-v', 'ON_ERROR_STOP=1', '-f', 'plain.sql']);
      return [script, said, await look(at)].join('\n');
    },
    shows,
  },
  archive('custom format', ['-Fc'], []),
  archive('directory, in parallel', ['-Fd'], ['-j', '2']),
  {
    ...head,
    name: 'pg_dump: the schema alone, the data as INSERTs, one table, in a serializable transaction',
    run: async (at) =>
      [
        await dump(at, ['--schema-only', '--no-owner', '--no-privileges']),
        await dump(at, ['--data-only', '--column-inserts', '--rows-per-insert=2', '--serializable-deferrable']),
        await dump(at, ['-t', 'shop.orders', '--exclude-table-data=shop.orders']),
      ]
        .map(comparable)
        .join('\n'),
    shows: ['INSERT INTO shop.orders (id, ', 'CREATE TABLE shop.orders'],
  },
];
