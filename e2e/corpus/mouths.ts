import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { gunzipSync, inflateSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import {
  encodeBind,
  encodeCopyData,
  encodeCopyDone,
  encodeExecute,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '@sallyport/postgres';
import { until } from '@sallyport/testing';
import type { Client } from 'pg';
import { searcherFor, values } from './canaries.js';
import type { Scene } from './scene.js';

/** What a statement of the corpus names itself may stand in evidence: texts are kept as they were sent, for what detectors know. */
const named: ReadonlySet<string> = new Set(['CNRYqvx7kzjw31', 'cnryzaphodwq', '739184620']);

/** What a client sends and nobody keeps, by what it is. */
const secrets = {
  'a value that was bound': 'hushboundqzv41',
  'a value that was bound, in binary': 'hushbinarykwj52',
  'a row of a COPY': 'hushcopiedpfx63',
  'a password that is set': 'hushpassworddgm74',
  'a password in what cannot be read': 'hushbrokenrty85',
  'a password of another server': 'hushmappingvbn96',
  'a token that is none': 'hushtokenlkh17',
  'a card number in a text': '4916338506082832',
  'a card number that is bound to what is held': '5555341244441115',
} as const;

/** The gateway's own mouths: what is written and said by all programs while all of the corpus goes through. */
export const mouths = (scene: () => Scene): void =>
  describe('what the gateway itself writes and says', () => {
    test(
      'holds nothing of what is masked, and no secret of anybody',
      async () => {
        const { stack } = scene();
        const last = await tell(scene());
        const database = await stack.database.connect('sallyport');
        try {
          const kept = async (): Promise<boolean> =>
            (await database.query('select 1 from "AuditRecord" a where a::text like $1', [`%${last}%`])).rowCount !== 0;
          await until(kept, 'all evidence has arrived', 60_000);
          const find = searcherFor([
            ...values.filter((value) => !named.has(value)),
            ...Object.values(secrets),
            stack.targetPassword,
            ...(await signatures(scene())),
          ]);
          const said: (readonly [string, readonly Buffer[]])[] = [
            ...(await filesOf(stack.directory)),
            ...(await tablesOf(database)),
            ...(await answersOf(scene())),
          ];
          // A search that finds nothing anywhere proves nothing: what must be there is.
          const seen = said.filter(([, all]) => all.some((bytes) => bytes.includes(last))).map(([where]) => where);
          expect(seen).toEqual(expect.arrayContaining(['table AuditRecord', 'GET /v1/audit?limit=200']));
          const found = said.flatMap(([where, all]) =>
            all.flatMap((bytes) => [bytes, ...unpacked(bytes)].flatMap(find).map((what) => `${where}: ${what}`)),
          );
          expect([...new Set(found)]).toEqual([]);
        } finally {
          await database.end();
        }
      },
      120_000,
    );
  });

/** Says every secret once, everywhere that one can be said; gives the last thing that evidence must hold. */
async function tell({ open }: Scene): Promise<string> {
  const bound = (text: string, format: 'text' | 'binary'): readonly Uint8Array[] => [
    encodeParse('select $1::text'),
    encodeBind({ parameters: [{ format, value: Buffer.from(text) }] }),
    encodeExecute(),
    encodeSync(),
  ];
  const curious = await open('curious');
  await curious.ask(...bound(secrets['a value that was bound'], 'text'));
  await curious.ask(...bound(secrets['a value that was bound, in binary'], 'binary'));
  for (const text of [
    'begin',
    `alter role current_user password '${secrets['a password that is set']}'`,
    'rollback',
    `create role nobody password '${secrets['a password in what cannot be read']}' selec`,
    `create user mapping for current_user server nowhere options (password '${secrets['a password of another server']}')`,
    `select '${secrets['a card number in a text']}'`,
  ])
    await curious.ask(encodeQuery(text));
  curious.end();
  const loading = await open('writer', undefined, { loads: true });
  await loading.ask(encodeQuery('begin'));
  await loading.ask(
    encodeQuery('copy log (line) from stdin'),
    encodeCopyData(Buffer.from(`${secrets['a row of a COPY']}\n`)),
    encodeCopyDone(),
  );
  await loading.ask(encodeQuery('rollback'));
  loading.end();
  const held = await open('held');
  const text = 'update orders set note = $1 where id = 1';
  const parameters = [
    { format: 'text', value: Buffer.from(secrets['a card number that is bound to what is held']) },
  ] as const;
  await held.ask(encodeParse(text), encodeBind({ parameters }), encodeExecute(), encodeSync());
  const word = `the last word ${Date.now()}`;
  await held.ask(encodeQuery(`select '${word}'`));
  held.end();
  await expect(open('reader', undefined, { password: secrets['a token that is none'] })).rejects.toThrow();
  return word;
}

/** Of the tokens that were shown: who has one end of it has the token. */
async function signatures({ stack }: Scene): Promise<readonly string[]> {
  return [(await stack.token('etl')).split('.').at(-1) ?? ''];
}

/** Logs, spools, state. What `sally` keeps of its own login is its business, and the identity provider is nobody of ours. */
async function filesOf(directory: string): Promise<(readonly [string, readonly Buffer[]])[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const ours = paths.filter((path) => !/^(?:sally\/|corpus\.yaml|logs\/identity-provider)/.test(relative(directory, path)));
  return Promise.all(ours.map(async (path) => [relative(directory, path), [await readFile(path)]] as const));
}

/** Every table of the control plane, every cell. */
async function tablesOf(database: Client): Promise<(readonly [string, readonly Buffer[]])[]> {
  const { rows: tables } = await database.query<{ name: string; quoted: string }>(
    `select c.relname as name, quote_ident(n.nspname) || '.' || quote_ident(c.relname) as quoted
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')`,
  );
  const dumped: (readonly [string, readonly Buffer[]])[] = [];
  for (const { name, quoted } of tables) {
    const { rows } = await database.query<Record<string, unknown>>(`select * from ${quoted}`);
    const cells = rows.flatMap((row) => Object.values(row));
    dumped.push([
      `table ${name}`,
      [
        ...cells.filter((cell): cell is Buffer => Buffer.isBuffer(cell)),
        Buffer.from(JSON.stringify(cells.filter((cell) => !Buffer.isBuffer(cell)))),
      ],
    ]);
  }
  return dumped;
}

/** What people are shown: over REST, by `sally`, on the pages of metrics. */
async function answersOf({ stack }: Scene): Promise<(readonly [string, readonly Buffer[]])[]> {
  const approvals = (await stack.admin.expect('GET', '/v1/approvals')) as unknown as { items: { id: string }[] };
  const [approval] = approvals.items;
  const rest = [
    '/v1/audit?limit=200',
    '/v1/admin-actions',
    '/v1/approvals',
    `/v1/approvals/${approval?.id}`,
    '/v1/sessions',
    '/v1/connections',
    '/v1/connections/reader/catalog/columns?database=corpus',
    '/v1/connections/reader/suggestions',
    '/v1/proxies',
    '/v1/agents',
  ];
  const sally = [
    ['approvals', 'ls'],
    ['approvals', 'show', approval?.id ?? ''],
    ['sessions', 'ls'],
    ['doctor'],
  ];
  return Promise.all([
    ...rest.map(async (path) => {
      return [`GET ${path}`, [Buffer.from(JSON.stringify(await stack.admin.expect('GET', path)))]] as const;
    }),
    ...sally.map(async (args) => {
      const { stdout, stderr } = await stack.sally(args);
      return [`sally ${args.join(' ')}`, [Buffer.from(stdout + stderr)]] as const;
    }),
    (async () => {
      const metrics = await fetch(`${stack.proxyHealthUrl}/metrics`);
      return ['metrics of the proxy', [Buffer.from(await metrics.text())]] as const;
    })(),
  ]);
}

/** What is compressed hides its words. */
const unpacked = (bytes: Buffer): readonly Buffer[] =>
  [gunzipSync, inflateSync].flatMap((unpack) => {
    try {
      return [unpack(bytes)];
    } catch {
      return [];
    }
  });
