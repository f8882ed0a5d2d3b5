/**
 * The clients that npm does not bring, as Debian's packages, and a file by which each is seen to be there. `npm test` installs
 * what is missing (install.mjs); a test that still misses one fails with what to install.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const servers = '/usr/lib/postgresql';

/** Where the newest PostgreSQL of Debian keeps its programs; its psql, pg_dump and server belong together. */
export const postgresBin = () => {
  const versions = existsSync(servers) ? readdirSync(servers) : [];
  const whole = versions.filter((version) => existsSync(join(servers, version, 'bin/initdb')));
  const newest = whole.sort((left, right) => Number(left) - Number(right)).at(-1);
  return newest === undefined ? undefined : join(servers, newest, 'bin');
};

const file = (path) => () => existsSync(path);

export const packages = {
  postgresql: () => postgresBin() !== undefined,
  'python3-psycopg2': file('/usr/lib/python3/dist-packages/psycopg2'),
  'python3-psycopg': file('/usr/lib/python3/dist-packages/psycopg'),
  'default-jdk-headless': file('/usr/bin/javac'),
  'libpostgresql-jdbc-java': file('/usr/share/java/postgresql.jar'),
  'golang-go': file('/usr/lib/go/bin/go'),
  'golang-github-lib-pq-dev': file('/usr/share/gocode/src/github.com/lib/pq'),
  'golang-github-jackc-pgx-v4-dev': file('/usr/share/gocode/src/github.com/jackc/pgx/v4'),
  // The shells that complete sally's commands.
  zsh: file('/usr/bin/zsh'),
  fish: file('/usr/bin/fish'),
};

export const missingPackages = () => Object.keys(packages).filter((name) => !packages[name]());

export const installLine = (names) => `apt-get install --no-install-recommends ${names.join(' ')}`;
