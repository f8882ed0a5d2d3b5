import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { applyMigrations, diffMigrations, newMigration, prismaDirectory, readMigrations } from './migrations.js';

let server: TestPostgres;
let copy: string;
beforeAll(async () => {
  server = await startPostgres();
  copy = await mkdtemp(join(tmpdir(), 'sallyport-migrations-'));
  await cp(prismaDirectory, copy, { recursive: true });
});
afterAll(async () => {
  await server.stop();
  await rm(copy, { recursive: true, force: true });
});

describe('migrations', () => {
  test('lead exactly to the schema', async () => {
    expect(await diffMigrations(server.url())).toBe('');
  });

  test('are applied once, whoever starts first', async () => {
    await server.createDatabase('racing');
    const outcomes = await Promise.all([1, 2, 3].map(() => applyMigrations(server.url('racing'))));
    const names = (await readMigrations()).map((migration) => migration.name);
    expect(outcomes.flat()).toEqual(names);
    expect(await applyMigrations(server.url('racing'))).toEqual([]);
  });

  test('an edited migration is refused', async () => {
    await server.createDatabase('edited');
    await applyMigrations(server.url('edited'), copy);
    const first = (await readMigrations(copy))[0];
    const path = join(copy, 'migrations', first?.name ?? '', 'migration.sql');
    await writeFile(path, `${await readFile(path, 'utf8')}\n-- edited\n`);
    await expect(applyMigrations(server.url('edited'), copy)).rejects.toThrow('was changed after it was applied');
    await cp(prismaDirectory, copy, { recursive: true });
  });

  test('the next one is written from the schema, and numbered', async () => {
    const schema = join(copy, 'schema.prisma');
    await writeFile(schema, `${await readFile(schema, 'utf8')}\nmodel Extra {\n  id String @id\n}\n`);
    const name = await newMigration(server.url(), 'extra', copy);
    const count = (await readMigrations()).length;
    expect(name).toBe(`${String(count + 1).padStart(4, '0')}_extra`);
    expect(await readFile(join(copy, 'migrations', name ?? '', 'migration.sql'), 'utf8')).toContain(
      'CREATE TABLE "Extra"',
    );
    expect(await newMigration(server.url(), 'again', copy)).toBeUndefined();
    await expect(newMigration(server.url(), '../up', copy)).rejects.toThrow('lower case');
  });
});
