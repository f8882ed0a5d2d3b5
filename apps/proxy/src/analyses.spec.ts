import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { DatabaseError } from 'pg';
import type { Client } from 'pg';
import { loadAnalyses } from './analyses.js';

let server: TestPostgres;
let client: Client;
beforeAll(async () => {
  server = await startPostgres();
  client = await server.connect();
});
afterAll(async () => {
  await client.end();
  await server.stop();
});

test.each([
  'selekt 1',
  'select from where',
  "select 'ünïcödé 🗝', from x",
  'select (1',
  "select 'open",
  'select "open',
  'select 1; selekt 2',
  'create table t (id int,)',
  "select U&'\\zzzz'",
  'insert into t valuess (1)',
])('a text that cannot be read is refused in the server’s own words, and says where: %s', async (text) => {
  const told = await client.query(text).catch((error: unknown) => error);
  if (!(told instanceof DatabaseError)) throw new Error('the server took it');
  const analyser = (await loadAnalyses()).of({
    database: 'app',
    serverVersion: 180_000,
    relations: [],
    functions: [],
    types: [],
    searchPath: ['public'],
  });
  expect(analyser.analyse(text, ['public'])).toEqual({
    kind: 'refused',
    refusal: { code: 'unreadable', message: told.message, position: Number(told.position), failsAtTarget: true },
  });
});
