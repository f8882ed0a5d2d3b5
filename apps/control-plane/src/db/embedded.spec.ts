import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { openEmbeddedPostgres } from './embedded.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-embedded-'));
  await chmod(directory, 0o755);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function query(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('leaves signals and the exit code to who runs the program', async () => {
  const events = ['SIGTERM', 'SIGINT', 'SIGHUP', 'beforeExit', 'message'];
  const heard = events.map((event) => process.listenerCount(event));
  const opened = await openEmbeddedPostgres(directory);
  await opened.stop();
  expect(events.map((event) => process.listenerCount(event))).toEqual(heard);
});

test('keeps its data from one start to the next, and takes over a server that was left running', async () => {
  const first = await openEmbeddedPostgres(directory);
  await query(first.url, 'create table kept (id int)');
  await first.stop();
  const second = await openEmbeddedPostgres(directory);
  await query(second.url, 'insert into kept values (1)');
  // As after kill -9 of the control plane: nobody stopped it.
  const adopted = await openEmbeddedPostgres(directory);
  expect(adopted.url).toBe(second.url);
  expect(await query(adopted.url, 'select id from kept')).toEqual([{ id: 1 }]);
  await adopted.stop();
  await expect(query(adopted.url, 'select 1')).rejects.toThrow();
  expect((await stat(join(directory, 'password'))).mode & 0o077).toBe(0);
});
