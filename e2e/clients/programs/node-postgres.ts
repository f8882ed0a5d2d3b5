/** node-postgres as programs use it: pool, cursor, query stream, COPY streams. Argument: the URL. Tells what came, a line each. */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';

const tell = (what: string, value: unknown): void => console.log(JSON.stringify([what, value]));
const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    return await work;
  } catch (error) {
    const { code, message, position } = error as pg.DatabaseError;
    return { code, message, position };
  }
};

const pool = new pg.Pool({ connectionString: process.argv[2] ?? '', max: 4 });
await pool.query(
  `create table client.items (id int primary key, name text, at timestamptz, doc jsonb, raw bytea, n numeric)`,
);

const many = await Promise.all(Array.from({ length: 20 }, (_, n) => pool.query('select $1::int * 2 as twice', [n])));
tell(
  'pool',
  many.map(({ rows }) => rows[0]),
);

const insert = 'insert into client.items values ($1, $2, $3, $4, $5, $6) returning *';
const values = [1, "o'clock", new Date('2026-01-01T00:00:00Z'), { a: [1, null] }, Buffer.from([0, 255]), '1.50'];
const { rows, fields, command, rowCount } = await pool.query(insert, values);
tell('insert', { rows, command, rowCount, types: fields.map(({ name, dataTypeID }) => [name, dataTypeID]) });
await pool.query(`insert into client.items select n, 'item ' || n from generate_series(2, 250) n`);

const { hostname, port, username, password, pathname, searchParams } = new URL(process.argv[2] ?? '');
const renewing = new pg.Pool({
  host: hostname,
  port: Number(port),
  user: username,
  database: pathname.slice(1),
  ssl: searchParams.get('sslmode') !== 'disable',
  password: () => Promise.resolve(password),
});
tell('a password that is asked for', (await renewing.query('select 1 as one')).rows);
await renewing.end();

const client = await pool.connect();
const notices: string[] = [];
client.on('notice', ({ message }) => notices.push(message ?? ''));
for (let n = 0; n < 3; n++)
  tell(
    'named',
    (await client.query({ name: 'by-id', text: 'select name from client.items where id = $1', values: [n] })).rows,
  );
tell(
  'several',
  ((await client.query('select 1 as a; select 2 as b')) as unknown as pg.QueryResult[]).map((one) => one.rows),
);
tell(
  'array',
  await client
    .query({ text: 'select id, name from client.items order by id limit 2', rowMode: 'array' })
    .then((result) => result.rows),
);
await client.query('drop table if exists client.nothing_here');
tell('notice', notices);

await client.query('begin');
tell('unique', await codeOf(client.query('insert into client.items (id) values (1)')));
tell('aborted', await codeOf(client.query('select 1')));
await client.query('rollback');
tell('syntax', await codeOf(client.query('select from where')));
tell('bad parameter', await codeOf(client.query('select $1::int', ['x'])));

const cursor = client.query(new Cursor<{ id: number }>('select id from client.items where id > $1 order by id', [100]));
tell('cursor', [
  (await cursor.read(3)).map(({ id }) => id),
  (await cursor.read(100)).length,
  (await cursor.read(100)).length,
]);
await cursor.close();
const left = client.query(new Cursor('select * from client.items'));
await left.read(1);
await left.close();

let streamed = 0;
for await (const row of client.query(new QueryStream('select * from client.items', [], { batchSize: 20 })))
  streamed += Object.keys(row as object).length;
tell('query stream', streamed);

let copied = '';
const out = client.query(
  copyTo('copy (select id, name, doc from client.items order by id limit 3) to stdout with (format csv)'),
);
for await (const chunk of out) copied += String(chunk);
tell('copy to', copied);
const lines = Array.from({ length: 1_000 }, (_, n) => `${n + 1_000}\tcopied ${n}\n`);
await pipeline(Readable.from(lines), client.query(copyFrom('copy client.items (id, name) from stdin')));
tell('copy from', (await client.query('select count(*), min(name), max(id) from client.items')).rows);
tell(
  'copy fails',
  await codeOf(pipeline(Readable.from(['x\ty\n']), client.query(copyFrom('copy client.items (id, name) from stdin')))),
);
tell('alive', (await client.query('select 1 as one')).rows);

const heard = new Promise((resolve) =>
  client.once('notification', ({ channel, payload }) => resolve([channel, payload])),
);
await client.query('listen news');
await pool.query(`select pg_notify('news', 'hello')`);
tell('notification', await heard);
client.release();
await pool.end();
