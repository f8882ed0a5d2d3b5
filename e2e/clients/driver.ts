import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rootDirectory } from '@sallyport/tools';
import { type Place, jdbcUrl, keywords, postgresJsUrl, url } from './place.js';
import { runWell } from './program.js';
import type { Scenario } from './scenario.js';

/** A program in the language of its driver. */
export const source = (name: string): string => fileURLToPath(new URL(`./programs/${name}`, import.meta.url));

const authority = ({ ca }: Place): Readonly<Record<string, string>> =>
  ca === undefined ? {} : { NODE_EXTRA_CA_CERTS: ca };

/** Node reads TypeScript by itself, and says so. */
const node = (at: Place, program: string, argument: string): Promise<string> =>
  runWell(process.execPath, ['--disable-warning=ExperimentalWarning', source(program), argument], {
    cwd: at.directory,
    env: authority(at),
  });

const python = (at: Place, program: string): Promise<string> =>
  runWell('/usr/bin/python3', [source(program), keywords(at)], { env: { PGPASSWORD: at.password }, cwd: at.directory });

/** A single file is compiled in memory and run. */
export const java = (at: Place, program: string): Promise<string> =>
  runWell(
    '/usr/bin/java',
    ['-cp', '/usr/share/java/postgresql.jar', '-Duser.timezone=UTC', source(program), jdbcUrl(at)],
    {
      cwd: at.directory,
    },
  );

const built = new Map<string, Promise<string>>();

/** Against Debian's packages of Go sources, with nothing fetched; compiled once. */
const go = async (at: Place, program: string): Promise<string> => {
  const binary = built.get(program) ?? buildGo(program);
  built.set(program, binary);
  return runWell(await binary, [keywords(at)], { env: { PGPASSWORD: at.password }, cwd: at.directory });
};

async function buildGo(program: string): Promise<string> {
  const output = join(rootDirectory, '.cache', 'clients', program.replace('.go', ''));
  const home = await mkdtemp(join(tmpdir(), 'sallyport-go-'));
  const env = {
    GO111MODULE: 'off',
    GOPATH: '/usr/share/gocode',
    GOROOT: '/usr/lib/go',
    GOCACHE: join(rootDirectory, '.cache', 'go'),
    GOFLAGS: '',
    CGO_ENABLED: '0',
  };
  try {
    await runWell('/usr/lib/go/bin/go', ['build', '-o', output, source(program)], { env, cwd: home });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
  return output;
}

export const driverScenarios: readonly Scenario[] = [
  {
    name: 'node-postgres: pool, pg-cursor, pg-query-stream, pg-copy-streams, LISTEN',
    needs: [],
    run: (at) => node(at, 'node-postgres.ts', url(at)),
    shows: ['["copy to","1,o\'clock', '["query stream",1500]', '["notification",["news","hello"]]', '"code":"23505"'],
  },
  {
    name: "porsager's postgres: transactions, pipelines, cursors, COPY, LISTEN, cancel",
    needs: [],
    run: (at) => node(at, 'postgres-js.ts', postgresJsUrl(at)),
    shows: ['["cursor",[10,10,5]]', '["notification","hello"]', '"57014"'],
  },
  {
    name: 'Prisma: migrations by its schema engine, and the client over adapter-pg',
    needs: [],
    database: 'prisma',
    run: (at) => node(at, 'prisma.mjs', url(at)),
    shows: ['["migrated",["0001_initial"', '["again",[]]', '"P2002"', '"P2025"'],
  },
  {
    name: 'TypeORM: migrations up and down, synchronize, repositories, transactions',
    needs: [],
    run: (at) => node(at, 'typeorm.ts', url(at)),
    shows: ['["migrations",["Shelves1700000000001","Shelves1700000000002"]]', '["nothing more to do",[]]', '"23505"'],
  },
  {
    name: 'Knex: migrations up and down, queries, transactions, streams',
    needs: [],
    run: (at) => node(at, 'knex.ts', url(at)),
    shows: ['["up",["001_people","002_pets"]]', '["down",["002_pets","001_people"]]', '"23502"'],
  },
  {
    name: 'psycopg2: named cursors, execute_values, COPY, notifications, cancel',
    needs: ['python3-psycopg2'],
    run: (at) => python(at, 'psycopg2_session.py'),
    shows: ['["notification", [["news", "hello"]]]', 'QueryCanceled', '"23505"'],
  },
  {
    name: 'psycopg 3: server-side binding, pipelines, binary, COPY, async, cancel',
    needs: ['python3-psycopg'],
    run: (at) => python(at, 'psycopg3_session.py'),
    shows: ['["notification", ["news", "hello"]]', '["pipeline", [[300], [299]]]', '"57014"'],
  },
  {
    name: 'JDBC: prepared with binary transfer, batches, COPY, metadata, large objects by SQL',
    needs: ['default-jdk-headless', 'libpostgresql-jdbc-java'],
    run: (at) => java(at, 'Jdbc.java'),
    shows: [
      'binary: [t',
      'batch: 300',
      'copy out: 600\ta, b/601',
      'timed out: 57014',
      'large object: [[108, 97, 114, 103, 101]|1]',
    ],
  },
  {
    name: 'lib/pq: prepared, binary parameters, COPY, LISTEN, cancel by context',
    needs: ['golang-go', 'golang-github-lib-pq-dev'],
    run: (at) => go(at, 'lib-pq.go'),
    shows: [' copied 339', 'notification news hello', 'cancelled 57014', 'binary_parameters=yes row'],
  },
  {
    name: 'pgx: batches, binary COPY, nested transactions, large objects, LISTEN; the simple protocol',
    needs: ['golang-go', 'golang-github-jackc-pgx-v4-dev'],
    run: (at) => go(at, 'pgx.go'),
    shows: ['simple false copied 300', 'simple true copied 300', 'large object arg', 'notification news hello'],
  },
];
