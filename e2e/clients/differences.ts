import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { java } from './driver.js';
import { keywords } from './place.js';
import { run } from './program.js';
import { debian, libpq } from './psql.js';
import type { Place } from './place.js';
import type { Difference } from './scenario.js';

const tool = async (at: Place, name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const options = libpq(at);
  const { stdout, stderr, exitCode } = await run(debian(name), args, { ...options, env: { ...options.env, ...env } });
  return `${exitCode}\n${stdout}${stderr}`;
};
const needs = ['postgresql'] as const;

export const differences: readonly Difference[] = [
  {
    name: 'large objects by the fast path: psql \\lo_import; by SQL they work, and the session goes on',
    needs,
    run: async (at) => {
      await writeFile(join(at.directory, 'large'), 'large');
      const script = `\\lo_import large\nselect lo_from_bytea(0, 'by SQL') as oid \\gset\nselect encode(lo_get(:oid), 'escape');\n`;
      return tool(at, 'psql', ['-X', '-d', keywords(at), '-f', await scriptOf(at, script)]);
    },
    direct: [/lo_import \d+/, 'by SQL'],
    through: ['FunctionCall', 'by SQL'],
  },
  {
    name: 'pg_dump of a database with large objects: libpq reads them by the fast path; --no-blobs leaves them out',
    needs,
    target: 'debian',
    run: async (at) => {
      await tool(at, 'psql', ['-X', '-d', keywords(at), '-c', "select lo_from_bytea(4711, 'large')"]);
      const whole = await tool(at, 'pg_dump', ['-d', keywords(at)]);
      const without = await tool(at, 'pg_dump', ['-d', keywords(at), '--no-blobs']);
      await tool(at, 'psql', ['-X', '-d', keywords(at), '-c', 'select lo_unlink(4711)']);
      return `with: ${whole}\nwithout: ${without}`;
    },
    direct: [/^with: 0\n[^]*lo_create[^]*\nwithout: 0\n/],
    through: [/^with: 1\n[^]*FunctionCall[^]*\nwithout: 0\n/],
  },
  {
    name: 'large objects by the fast path: JDBC',
    needs: ['default-jdk-headless', 'libpostgresql-jdbc-java'],
    run: (at) => java(at, 'LargeObject.java'),
    direct: ['api: large', 'alive: 1'],
    through: ['api: 0A000', 'alive: 1'],
  },
  {
    name: 'replication: psql and pg_basebackup',
    needs,
    run: (at) => tool(at, 'psql', ['-X', '-d', `${keywords(at)} replication=database`, '-c', 'IDENTIFY_SYSTEM']),
    direct: ['permission denied to start WAL sender'],
    through: ['replication does not go through this gateway'],
  },
  {
    name: 'start-up parameters that are not on the list, and encodings',
    needs,
    run: async (at) =>
      [
        await tool(at, 'psql', ['-X', '-d', keywords(at), '-Atc', 'show work_mem'], { PGOPTIONS: '-c work_mem=5MB' }),
        await tool(at, 'psql', ['-X', '-d', keywords(at), '-Atc', 'set work_mem = 5123'], {}),
        await tool(at, 'psql', ['-X', '-d', keywords(at), '-Atc', 'show client_encoding'], {
          PGCLIENTENCODING: 'LATIN1',
        }),
      ].join('\n'),
    direct: ['5MB', 'LATIN1'],
    through: ['start-up parameter "work_mem" is refused', 'start-up parameter "client_encoding" is refused', 'SET'],
  },
  {
    name: 'a text that is no SQL: the same words, place and end of the transaction, and a code for programs beside them',
    needs,
    run: (at) => {
      const texts = ['begin', 'select 1 as one; selekt 2', 'select 2 as two', 'rollback'].flatMap((text) => [
        '-c',
        text,
      ]);
      return tool(at, 'psql', ['-X', '-d', keywords(at), ...texts]);
    },
    direct: [/ERROR: {2}syntax error at or near "selekt"\nLINE 1: .*\n +\^\nERROR: {2}current transaction is aborted/],
    through: [
      /syntax error at or near "selekt"\nLINE 1: .*\n +\^\nDETAIL: {2}\{"code":"unreadable"\}\nERROR: {2}current transaction is aborted/,
    ],
  },
  {
    name: 'what a client is told of itself: the user of the connection is the connection',
    needs,
    run: (at) => tool(at, 'psql', ['-X', '-d', keywords(at), '-c', '\\conninfo', '-c', 'select session_user']),
    direct: ['as user "billing_service"', 'billing_service'],
    through: ['as user "clients"', 'SSL connection', 'billing_service'],
  },
];

async function scriptOf(at: Place, text: string): Promise<string> {
  await writeFile(join(at.directory, 'script.sql'), text);
  return 'script.sql';
}
