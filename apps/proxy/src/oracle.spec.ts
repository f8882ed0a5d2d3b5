import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Catalog } from '@sallyport/kernel';
import type { ColumnTag } from '@sallyport/policy';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from 'pg';
import { parse } from 'yaml';
import { resultsOf } from '../../../libs/sql/src/builtin-tables.js';
import { reviewedFunctions } from '../../../libs/sql/src/builtins.js';
import { readCatalog } from '../../agent/src/catalog.js';
import { compiled } from '../testing/bundle.js';
import { queryFrom } from '../testing/oracle/queries.js';
import { createReader } from '../testing/oracle/reader.js';
import type { Reader } from '../testing/oracle/reader.js';
import { transcribe } from '../testing/oracle/run.js';
import type { RawError, RawResult, Run, Transcript } from '../testing/oracle/run.js';
import { loadAnalyses } from './analyses.js';

/**
 * Two copies of one database differ in the values of masked columns, and in nothing else. Whatever a reader who may not see
 * those sends, both answer alike: rows, their number and order, errors. So no value flows out, by whatever way.
 */
const folder = join(import.meta.dirname, '../testing/oracle');

interface Copy {
  readonly client: Client;
  readonly run: Run;
  readonly catalog: Catalog;
  readonly strict: Reader;
  readonly curious: Reader;
}

const tag = (table: string, ...columns: readonly string[]): readonly ColumnTag[] =>
  columns.map((column) => ({ schema: 'hr', table, column, classes: ['secret'] }));

const tags: readonly ColumnTag[] = [
  ...tag('people', 'ssn', 'salary', 'born', 'secret', 'token', 'doc', 'tags', 'home', 'mood', 'seen', 'host', 'paper'),
  // Of one partition and one inheriting table: their families share it.
  ...tag('log_2026', 'msg'),
  ...tag('derived', 'code'),
  ...tag('a', 'ssn'),
  ...tag('b', 'name'),
  ...['checked', 'divided', 'indexed'].flatMap((table) => tag(table, 'salary')),
  ...['parted', 'nested', 'child', 'forked_1'].flatMap((table) => tag(table, 'ssn')),
  ...tag('limited', 'short', 'ssn', 'pan'),
];

/** May read and write, and nothing that needs another word. */
const strict = compiled(`
  @id("all") permit (principal, action in [Action::"connect", Action::"read", Action::"write"], resource);`);
/** May do everything but see. */
const curious = compiled(`
  @id("all") permit (principal, action, resource);
  @id("blind") forbid (principal, action == Action::"reveal", resource);`);

/** Values of masked columns differ in everything that could be asked: length, order, digits, kind. */
const values = (copy: 0 | 1, row: number) => {
  const word = ['CNRYQ7ZK4XJ', 'Z-CNRYW2M9PL5T88'][copy] ?? '';
  const sign = (row * 7 + copy * 3) % 10;
  return {
    ssn: `${word}${sign}${row}${'x'.repeat((row * (copy + 2)) % 5)}`,
    salary: copy === 0 ? `${row}1234.5` : `9${row}.25`,
    born: copy === 0 ? `19${50 + row}-03-1${row}` : `200${row}-11-0${9 - row}`,
    secret: `\\x${Buffer.from(`${word}${sign}`).toString('hex')}`,
    token: `${copy === 0 ? 'a' : '5'}0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1${row}`,
    doc: JSON.stringify(copy === 0 ? { a: `${word}${row}` } : { b: [row], a: sign, c: word }),
    tags: copy === 0 ? `{${word},${row}}` : `{${word}}`,
    home: `(${word}${row},"${copy === 0 ? 'Xi' : 'Ab'} ${sign}")`,
    mood: copy === 0 ? 'sad' : 'glad',
    seen: copy === 0 ? `2026-01-0${row} 10:00Z` : `2025-12-0${9 - row} 23:59Z`,
    host: copy === 0 ? `10.0.0.${row}` : `192.168.${row}.0/24`,
    paper: `<p>${word}${row}</p>`,
  };
};

const people = 4;

async function fill(client: Client, copy: 0 | 1): Promise<void> {
  for (let row = 1; row <= people; row += 1) {
    const masked = values(copy, row);
    const names = Object.keys(masked);
    const places = names.map((_, at) => `$${at + 3}`);
    await client.query(`insert into hr.people (id, name, ${names.join(', ')}) values ($1, $2, ${places.join(', ')})`, [
      row,
      `name ${row}`,
      ...Object.values(masked),
    ]);
    const { ssn } = masked;
    await client.query('insert into hr.orders values ($1, $2, $3, $4, $5)', [
      row,
      row,
      row * 10,
      `note ${row}`,
      `free ${row}`,
    ]);
    await client.query('insert into hr.log values ($1, $2, $3), ($4, $2, $3)', ['2025-05-05', row, ssn, '2026-06-06']);
    await client.query('insert into hr.base values ($1, $2)', [row, ssn]);
    await client.query('insert into hr.derived values ($1, $2, $3)', [row, ssn, 'extra']);
    await client.query(`insert into hr.places values ($1, '(e,n)', $2)`, [row, `free ${row}`]);
    await client.query('insert into hr.a values ($1, $2, $3)', [`${row}`, ssn, `x ${row}`]);
    await client.query('insert into hr.b values ($1, $2, $3)', [`${row}`, `free ${row}`, ssn]);
    await client.query('insert into hr.c values ($1, $2, $3, $4)', [
      `${row}`,
      `free ${row}`,
      `name ${row}`,
      `x ${row}`,
    ]);
  }
  for (let row = 1; row <= people; row += 1) {
    const { ssn, salary } = values(copy, row);
    for (const table of ['checked', 'divided', 'indexed'])
      await client.query(`insert into hr.${table} (id, salary, bonus) values ($1, $2, 1)`, [row, salary]);
    await client.query(`insert into hr.parted values ($1, 'a', $2)`, [row, `B${ssn}`]);
    await client.query(`insert into hr.nested values ($1, 'a', $2)`, [row, ssn]);
    await client.query(`insert into hr.limited values ($1, $2::text, $2::text, '2000-01-01', $2::text)`, [row, ssn]);
    await client.query('insert into hr.child (id, ssn) values ($1, $2)', [row, ssn]);
    await client.query('insert into hr.forked (id, name, ssn) values ($1, $2, $3)', [row, `name ${row}`, ssn]);
  }
  await client.query('refresh materialized view hr.m_people');
  await client.query('analyze');
}

/** Runs a text and takes back whatever it did. */
const running =
  (client: Client): Run =>
  async (text) => {
    await client.query('begin');
    try {
      return (await client.query({
        text,
        rowMode: 'array',
        types: { getTypeParser: () => (value: unknown) => value },
      } as never)) as unknown as RawResult;
    } catch (error) {
      return errorOf(error);
    } finally {
      await client.query('rollback');
    }
  };

const letters = {
  severity: 'S',
  code: 'C',
  message: 'M',
  detail: 'D',
  hint: 'H',
  position: 'P',
  where: 'W',
  schema: 's',
  table: 't',
  column: 'c',
  dataType: 'd',
  constraint: 'n',
  file: 'F',
  routine: 'R',
} as const;

const errorOf = (error: unknown): RawError => {
  const given = error as Readonly<Record<string, string | undefined>>;
  if (given['code'] === undefined || given['severity'] === undefined) throw error;
  const fields = new Map<string, string>();
  for (const [name, letter] of Object.entries(letters)) {
    const value = given[name];
    if (value !== undefined) fields.set(letter, value);
  }
  return { code: given['code'], fields };
};

let server: TestPostgres;
let copies: readonly [Copy, Copy];

beforeAll(async () => {
  server = await startPostgres();
  const analyses = await loadAnalyses();
  const open = async (copy: 0 | 1): Promise<Copy> => {
    const name = `copy_${copy}`;
    await server.createDatabase(name);
    const client = await server.connect(name);
    await client.query(readFileSync(join(folder, 'schema.sql'), 'utf8'));
    await fill(client, copy);
    const look = await server.connect(name);
    const { catalog } = await readCatalog(look, undefined);
    await look.end();
    if (catalog === undefined) throw new Error('no catalog');
    const place = { analyses, catalog, tags, classes: {} };
    await client.query('set search_path = public; set timezone = UTC');
    return {
      client,
      run: running(client),
      catalog,
      strict: createReader({ ...place, policies: strict }),
      curious: createReader({ ...place, policies: curious }),
    };
  };
  copies = [await open(0), await open(1)];
}, 120_000);
afterAll(async () => {
  for (const { client } of copies) await client.end();
  await server.stop();
});

const ask = async (text: string, who: 'strict' | 'curious'): Promise<readonly [Transcript, Transcript]> => [
  await transcribe(text, copies[0][who], copies[0].run),
  await transcribe(text, copies[1][who], copies[1].run),
];

/** Parts of masked values, and what they look like after the usual transforms. */
const canaries = (): readonly RegExp[] => {
  const words = Array.from({ length: people }, (_, row) => values(0, row + 1));
  const texts = words.flatMap(({ ssn, salary, token, host }) => [
    ssn,
    salary,
    token,
    host.replace('10.0.0.', '10.0.0'),
  ]);
  const forms = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    return [
      text.slice(0, 7),
      text.slice(-6),
      [...text].reverse().join('').slice(0, 7),
      bytes.toString('hex').slice(0, 12),
      bytes.toString('base64').slice(0, 8),
      ...['md5', 'sha256'].map((name) => createHash(name).update(text).digest('hex')),
    ];
  });
  return forms
    .filter((form) => form.length > 5)
    .map((form) => new RegExp(form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i'));
};

/** What comes out must be the same of both copies; where only what may be seen is promised, no canary may be in it. */
async function check(text: string): Promise<void> {
  const [one, other] = await ask(text, 'strict');
  const shown = ({ verdict, lines, copied }: Transcript) => ({ text, verdict, lines, copied });
  expect(shown(other)).toEqual(shown(one));
  const [seen] = await ask(text, 'curious');
  const found = leaks.filter((leak) => [...seen.lines, ...seen.copied].some((line) => leak.test(line))).map(String);
  expect({ text, found }).toEqual({ text, found: [] });
  agree(seen);
  asked += 1;
  for (const verdict of [`strict ${one.verdict}`, `curious ${seen.verdict}`])
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
}

let asked = 0;
const verdicts = new Map<string, number>();

/** The server's own description of the answer against what was proved of it. */
function agree({ result, admitted }: Transcript): void {
  const answer = admitted?.facts.statements[0]?.answer;
  if (result === undefined || answer?.kind !== 'columns') return;
  expect(result.fields.map(({ name }) => name)).toEqual(answer.columns.map(({ name }) => name));
  result.fields.forEach(({ tableID, columnID }, at) => {
    const relation = copies[0].catalog.relations.find(({ oid }) => oid === tableID);
    const column = relation?.columns.find(({ attribute }) => attribute === columnID);
    if (relation === undefined || column === undefined) return;
    const lineage = answer.columns[at]?.lineage;
    const named = lineage?.columns.some(
      (each) => each.schema === relation.schema && each.table === relation.name && each.column === column.name,
    );
    expect({ at, origin: column.name, named: named === true || lineage?.complete === false }).toMatchObject({
      named: true,
    });
  });
}

/** Made from numbers, which shrink. */
const query = fc.array(fc.nat(1_000), { minLength: 150, maxLength: 150, size: 'max' }).map(queryFrom);

let leaks: readonly RegExp[] = [];
beforeAll(() => {
  leaks = canaries();
});

interface Shapes {
  readonly transforms: readonly string[];
  readonly places: readonly string[];
  readonly filters: readonly string[];
  readonly columns: readonly string[];
  readonly statements: readonly string[];
}
const shapes = parse(readFileSync(join(folder, 'shapes.yaml'), 'utf8')) as Shapes;
const put = (place: string, form: string, column: string): string =>
  place.replaceAll('$f', () => form).replaceAll('$c', () => column);

test('built-ins give in FROM what is known of them', async () => {
  const { rows } = await copies[0].client.query<
    Record<'name' | 'kind' | 'type', string> & { outputs: string[] | null }
  >(
    `select p.proname::text as name, t.typtype::text as kind, t.typname::text as type,
       (select array_agg(n::text) from unnest(p.proargnames, p.proargmodes) a(n, m) where m in ('o', 'b', 't')) as outputs
     from pg_catalog.pg_proc p join pg_catalog.pg_type t on t.oid = p.prorettype
     where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind in ('f', 'w') and p.proname = any($1)`,
    [[...reviewedFunctions]],
  );
  expect(rows.length).toBeGreaterThan(700);
  const rowTypes = ['record', 'anyelement', 'anynonarray', 'anycompatible', 'anycompatiblenonarray'];
  for (const { name, kind, type, outputs } of rows) {
    const known = resultsOf(name);
    if (known === 'of the arguments') continue;
    const hasOne = outputs === null && kind !== 'c' && !rowTypes.includes(type);
    expect({ name, given: hasOne ? undefined : outputs }).toEqual({ name, given: known });
  }
});

describe('two copies that differ in masked values alone answer alike', () => {
  test.each(shapes.statements)('%s', async (text) => void (await check(text)));

  /** Every column where it stands first, and one after the other in all other places. */
  const inPlaces = (form: string, places: readonly string[], turn: number): readonly string[] => [
    ...shapes.columns.map((column) => put(places[0] ?? '', form, column)),
    ...places.slice(1).map((place, at) => put(place, form, shapes.columns[(turn + at) % shapes.columns.length] ?? '')),
  ];

  test.each(shapes.transforms.map((transform, turn) => ({ transform, turn })))(
    '$transform',
    async ({ transform, turn }) => {
      for (const text of inPlaces(transform, shapes.places, turn)) await check(text);
    },
  );

  test.each(shapes.filters)('%s', async (filter) => {
    for (const text of inPlaces('', [filter], 0)) await check(text);
  });

  const runs = Number(process.env['ORACLE_RUNS'] ?? 150);
  test(
    'queries made at random',
    async () => {
      await fc.assert(
        fc.asyncProperty(query, async (text) => void (await check(text))),
        { numRuns: runs },
      );
    },
    30_000 + runs * 200,
  );

  test('a gateway that refuses everything leaks nothing either: much was shown', () => {
    expect(verdicts.get('strict shown') ?? 0).toBeGreaterThan(asked / 5);
    expect(verdicts.get('curious shown') ?? 0).toBeGreaterThan(asked / 2);
  });
});
