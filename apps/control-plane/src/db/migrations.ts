import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { withSchemaEngine } from './schema-engine.js';

/** `prisma/` at the root of the repository, from `src/db` and from `dist/db` alike. */
export const prismaDirectory = fileURLToPath(new URL('../../../../prisma/', import.meta.url));

/** Any number that nothing else of ours locks; replicas that start together take turns on it. */
const migrationLock = 5_373_109_001;
const filters = { externalTables: [], externalEnums: [] };

export interface Migration {
  readonly name: string;
  readonly script: string;
  /** SHA-256 of the script, as `_prisma_migrations` keeps it. */
  readonly checksum: string;
}

export async function readMigrations(directory: string = prismaDirectory): Promise<readonly Migration[]> {
  const folder = join(directory, 'migrations');
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const script = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, script, checksum: createHash('sha256').update(script).digest('hex') };
    }),
  );
}

export interface SqlReader {
  query(sql: string): Promise<{ readonly rows: readonly unknown[] }>;
}

/** Names that the database still lacks. An applied script that was edited afterwards is an error, never a guess. */
export async function pendingMigrations(
  client: SqlReader,
  migrations: readonly Migration[],
): Promise<readonly string[]> {
  const table = await client.query(`select to_regclass('_prisma_migrations') is not null as present`);
  const [answer] = table.rows as readonly { readonly present: boolean }[];
  if (answer?.present !== true) return migrations.map((migration) => migration.name);
  const applied = await client.query(
    `select migration_name as name, checksum from _prisma_migrations
     where finished_at is not null and rolled_back_at is null`,
  );
  const rows = applied.rows as readonly { readonly name: string; readonly checksum: string }[];
  const checksums = new Map(rows.map((row) => [row.name, row.checksum]));
  return migrations.flatMap(({ name, checksum }) => {
    const known = checksums.get(name);
    if (known === undefined) return [name];
    if (known !== checksum) throw new Error(`migration ${name} was changed after it was applied`);
    return [];
  });
}

/** Brings the database to the newest migration; returns what was applied. Safe when several replicas start at once. */
export async function applyMigrations(
  databaseUrl: string,
  directory: string = prismaDirectory,
): Promise<readonly string[]> {
  const migrations = await readMigrations(directory);
  const lock = new pg.Client({ connectionString: databaseUrl, application_name: 'sallyport-migrate' });
  lock.on('error', () => undefined);
  await lock.connect();
  try {
    await lock.query('select pg_advisory_lock($1)', [migrationLock]);
    if ((await pendingMigrations(lock, migrations)).length === 0) return [];
    return await withSchemaEngine(databaseUrl, [], async (engine) => {
      const done = await engine.applyMigrations({ migrationsList: listOf(migrations, directory), filters });
      return done.appliedMigrationNames;
    });
  } finally {
    await lock.end();
  }
}

/** SQL that leads from the migrations to the schema; empty when they agree. Needs a server for its shadow database. */
export async function diffMigrations(databaseUrl: string, directory: string = prismaDirectory): Promise<string> {
  const [migrations, schema] = await Promise.all([readMigrations(directory), readSchema(directory)]);
  return withSchemaEngine(databaseUrl, [schema], async (engine) => {
    const result = await engine.diff({
      from: migrations.length === 0 ? { tag: 'empty' } : { tag: 'migrations', ...listOf(migrations, directory) },
      to: { tag: 'schemaDatamodel', files: [schema] },
      script: true,
      exitCode: true,
      filters,
    });
    return result.exitCode === 0 ? '' : (result.stdout ?? '');
  });
}

/** Writes the difference as the next migration; `undefined` when there is none. */
export async function newMigration(
  databaseUrl: string,
  label: string,
  directory: string = prismaDirectory,
): Promise<string | undefined> {
  if (!/^[a-z0-9_]{1,60}$/.test(label)) throw new Error('a migration is named in lower case: letters, digits and _');
  const script = await diffMigrations(databaseUrl, directory);
  if (script === '') return undefined;
  const last = (await readMigrations(directory)).at(-1);
  const number = last === undefined ? 1 : Number.parseInt(last.name, 10) + 1;
  const name = `${String(number).padStart(4, '0')}_${label}`;
  await mkdir(join(directory, 'migrations', name), { recursive: true });
  await writeFile(join(directory, 'migrations', name, 'migration.sql'), script, { flag: 'wx' });
  return name;
}

async function readSchema(directory: string): Promise<{ readonly path: string; readonly content: string }> {
  const path = join(directory, 'schema.prisma');
  return { path, content: await readFile(path, 'utf8') };
}

function listOf(migrations: readonly Migration[], directory: string) {
  return {
    baseDir: join(directory, 'migrations'),
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, script }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: script } },
    })),
  };
}
