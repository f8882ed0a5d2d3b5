/** porsager's postgres. Argument: the URL. Tells what came, a line each. */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import postgres from 'postgres';

const tell = (what: string, value: unknown): void => console.log(JSON.stringify([what, value]));
const codeOf = (error: unknown): unknown => {
  const { code, message } = error as postgres.PostgresError;
  return { code, message };
};

const notices: unknown[] = [];
const sql = postgres(process.argv[2] ?? '', { max: 3, onnotice: ({ message }) => notices.push(message) });
await sql`create table client.items (id int primary key, name text, tags text[], at timestamptz, doc jsonb)`;
await sql`drop table if exists client.nothing_here`;
tell('notices', notices);

const items = [
  { id: 1, name: 'one', tags: ['a', 'b c'], at: new Date('2026-01-01T00:00:00Z'), doc: sql.json({ a: 1 }) },
  { id: 2, name: null, tags: [], at: null, doc: null },
];
const inserted = await sql`insert into client.items ${sql(items)} returning *`;
tell('insert', {
  rows: inserted,
  columns: inserted.columns.map(({ name, type }) => [name, type]),
  command: inserted.command,
});
tell(
  'fragments',
  await sql`select ${sql(['id', 'name'])} from client.items where id in ${sql([1, 2])} ${sql`order by id desc`}`,
);
tell(
  'at once',
  await Promise.all(
    Array.from({ length: 30 }, (_, n) => sql`select ${n}::int as n`.then(([row]) => row?.['n'] as number)),
  ),
);
tell('unsafe', await sql.unsafe('select 1 as a; select 2 as b'));
tell('described', (await sql`select id, doc from client.items where id = ${1}`.describe()).types);

tell(
  'transaction',
  await sql.begin(async (tx) => {
    await tx`insert into client.items (id) values (3)`;
    const failed = await tx.savepoint((inner) => inner`insert into client.items (id) values (3)`).catch(codeOf);
    return [failed, await tx`select count(*)::int from client.items`];
  }),
);
tell(
  'rolled back',
  await sql
    .begin(async (tx) => {
      await tx`delete from client.items`;
      throw Object.assign(new Error('no'), { code: 'ours' });
    })
    .catch(codeOf),
);
tell(
  'pipelined',
  await sql.begin((tx) => [tx`select 1 as a`, tx`select 2 as b`, tx`select count(*)::int from client.items`]),
);

const sizes: number[] = [];
await sql`select n from generate_series(1, 25) n`.cursor(10, (rows) => void sizes.push(rows.length));
tell('cursor', sizes);
let each = 0;
await sql`select n from generate_series(1, 25) n`.forEach(() => void each++);
tell('each', each);

await pipeline(
  Readable.from(['10\tcopied\n', '11\t\\N\n']),
  await sql`copy client.items (id, name) from stdin`.writable(),
);
let copied = '';
for await (const chunk of await sql`copy client.items (id, name) to stdout`.readable()) copied += String(chunk);
tell('copy', copied);

tell('error', await sql`select 1 / ${0}::int`.catch(codeOf));
const heard = Promise.withResolvers<string>();
const { unlisten } = await sql.listen('news', (payload) => heard.resolve(payload));
await sql.notify('news', 'hello');
tell('notification', await heard.promise);
await unlisten();

const { password, href } = new URL(process.argv[2] ?? '');
const renewing = postgres(href.replace(password, ''), { max: 1, password: () => Promise.resolve(password) });
tell('a password that is asked for', await renewing`select 1 as one`);
await renewing.end();

const endless = sql`select pg_sleep(600)`.execute();
await sql`select 1`;
const ended = endless.catch(codeOf);
endless.cancel();
tell('cancelled', await ended);
await sql.end();
