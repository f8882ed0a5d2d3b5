import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeUtf8, encodeUtf8 } from '@sallyport/kernel';
import type { TargetMessage } from '@sallyport/kernel';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import type { Client } from 'pg';
import { createAnswerMask } from './answer.js';
import { createDetectors } from './detect/detectors.js';
import { scrubMessage } from './message.js';
import type { MaskFormat } from './index.js';

/** What a real server says, and what it accepts: the assumptions of this room checked against PostgreSQL itself. */
let server: TestPostgres;
let client: Client;
const notices: TargetMessage[] = [];
const secret = 'canary7f3a';

const letters: readonly (readonly [string, string])[] = [
  ['severity', 'S'],
  ['severity', 'V'],
  ['code', 'C'],
  ['message', 'M'],
  ['detail', 'D'],
  ['hint', 'H'],
  ['position', 'P'],
  ['internalPosition', 'p'],
  ['internalQuery', 'q'],
  ['where', 'W'],
  ['schema', 's'],
  ['table', 't'],
  ['column', 'c'],
  ['dataType', 'd'],
  ['constraint', 'n'],
  ['file', 'F'],
  ['line', 'L'],
  ['routine', 'R'],
];
const asMessage = (kind: 'error' | 'notice', told: object): TargetMessage => {
  const fields = new Map<string, string>();
  for (const [name, letter] of letters) {
    const value: unknown = Reflect.get(told, name);
    if (typeof value === 'string') fields.set(letter, value);
  }
  return { kind, code: fields.get('C') ?? '', fields };
};

beforeAll(async () => {
  server = await startPostgres();
  client = await server.connect();
  client.on('notice', (notice) => notices.push(asMessage('notice', notice)));
  await client.query(`
    CREATE TABLE payments (id int PRIMARY KEY, card text UNIQUE CHECK (card <> 'x'), amount numeric);
    CREATE TABLE other (card text REFERENCES payments (card));
    INSERT INTO payments VALUES (1, '${secret}', 1);
    CREATE FUNCTION tell(code text) RETURNS text LANGUAGE plpgsql AS $$
      DECLARE found text; BEGIN
        SELECT card INTO found FROM payments;
        RAISE NOTICE 'it is %', found;
        RAISE EXCEPTION USING MESSAGE = found, DETAIL = found, HINT = found, ERRCODE = code,
          TABLE = found, COLUMN = found, CONSTRAINT = found, DATATYPE = found, SCHEMA = found;
      END $$;
    CREATE FUNCTION run_it() RETURNS void LANGUAGE plpgsql AS $$
      BEGIN EXECUTE (SELECT 'SELECT ' || card FROM payments); END $$`);
}, 60_000);
afterAll(async () => {
  await client?.end();
  await server?.stop();
});

describe('no error of a real server shows a value', () => {
  test.each([
    'SELECT card::int FROM payments',
    'SELECT card::date FROM payments',
    'SELECT card::regclass FROM payments',
    'SELECT card::regtype FROM payments',
    'SELECT card::regrole FROM payments',
    'SELECT card::regconfig FROM payments',
    'SELECT card::json FROM payments',
    'SELECT card::uuid FROM payments',
    "SELECT (card || '(')::regprocedure FROM payments",
    "SELECT has_table_privilege(card, 'select') FROM payments",
    'SELECT card::regoper FROM payments',
    "SELECT (card || '(int,int)')::regoperator FROM payments",
    'SELECT card::regcollation FROM payments',
    'SELECT card::regnamespace FROM payments',
    'SELECT card::regproc FROM payments',
    'SELECT pg_read_file(card) FROM payments',
    'SELECT pg_ls_dir(card) FROM payments',
    'SELECT lo_import(card) FROM payments',
    'SELECT pg_get_serial_sequence(card, card) FROM payments',
    "SELECT ts_lexize(card, 'x') FROM payments",
    "SELECT ts_rank('{1}', 'x'::tsvector, card::tsquery) FROM payments",
    "SELECT currval(card || '_seq') FROM payments",
    'SELECT pg_input_error_info(card, card) FROM payments',
    "SELECT jsonb_path_query('{}', card::jsonpath) FROM payments",
    "SELECT jsonb_path_query('{}', ('strict $.' || card)::jsonpath) FROM payments",
    "SELECT format('%' || card) FROM payments",
    "SELECT to_char(now(), 'x')::interval, card::interval FROM payments",
    'SELECT card::inet FROM payments',
    "SELECT has_database_privilege(card, 'connect') FROM payments",
    "SELECT has_table_privilege('payments', card) FROM payments",
    'SELECT pg_get_viewdef(card) FROM payments',
    'SELECT row_security_active(card) FROM payments',
    'SELECT setseed(length(card)::float8) FROM payments',
    'SELECT make_interval(secs => card::float8) FROM payments',
    "SELECT xpath(card || '[', '<a/>') FROM payments",
    "SELECT unistr('\\' || card) FROM payments",
    "SELECT normalize(card, nfc), decode(card || '!', 'hex') FROM payments",
    'SELECT pg_size_bytes(card) FROM payments',
    'SELECT extract(epoch FROM card::time) FROM payments',
    'SELECT date_part(card, now()) FROM payments',
    "SELECT parse_ident(card || '.') FROM payments",
    'SELECT card::money FROM payments',
    'SELECT card::pg_lsn, 1 FROM payments',
    'SELECT ARRAY[card]::int[] FROM payments',
    "SELECT ('[' || card)::int4range FROM payments",
    'SELECT json_populate_record(null::payments, (\'{"id": "\' || card || \'"}\')::json) FROM payments',
    'SELECT nextval(card) FROM payments',
    "SELECT set_config(card, 'x', false) FROM payments",
    'SELECT current_setting(card) FROM payments',
    "SELECT encode('x', card) FROM payments",
    'SELECT date_trunc(card, now()) FROM payments',
    "SELECT convert('x', card, 'utf8') FROM payments",
    'SELECT now() AT TIME ZONE card FROM payments',
    "SELECT regexp_match('x', card || '(') FROM payments",
    "SELECT to_date('x', card), to_timestamp(card, 'YYYY') FROM payments",
    'SELECT xmlparse(document card) FROM payments',
    "SELECT query_to_xml('SELECT ' || card, true, false, '') FROM payments",
    'INSERT INTO payments SELECT 2, card FROM payments',
    'INSERT INTO other SELECT card || 1 FROM payments',
    'INSERT INTO payments (card) SELECT card FROM payments',
    "DELETE FROM payments; INSERT INTO other SELECT 'x'",
    "SELECT tell('42501')",
    "SELECT tell('P0001')",
    "SELECT tell('57014')",
    "SELECT tell('25P02')",
    'SELECT run_it()',
    "DO $$ DECLARE c text; BEGIN SELECT card INTO c FROM payments; RAISE EXCEPTION USING MESSAGE = c, ERRCODE = '0A000'; END $$",
  ])('%s', async (statement) => {
    notices.length = 0;
    const failure: unknown = await client.query(statement).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof Error)) throw new Error('the statement was meant to fail');
    for (const message of [asMessage('error', failure), ...notices])
      expect(JSON.stringify([...scrubMessage(message, { strict: true })])).not.toContain(secret);
  });

  test.each([
    ['SELECT nope FROM payments', 'column "nope" does not exist'],
    ['SELECT * FROM nope', 'relation "nope" does not exist'],
    ['SELEC 1', 'syntax error at or near "SELEC"'],
    ['SELECT nope(1)', 'function nope(integer) does not exist'],
    [
      'SET statement_timeout = 10; SELECT pg_sleep(1); SET statement_timeout = 0',
      'canceling statement due to statement timeout',
    ],
  ])('what helps the client stays: %s', async (statement, text) => {
    const failure: unknown = await client.query(statement).catch((error: unknown) => error);
    if (!(failure instanceof Error)) throw new Error('the statement was meant to fail');
    expect(scrubMessage(asMessage('error', failure), { strict: true }).get('M')).toBe(text);
    await client.query('SET statement_timeout = 0');
  });
});

describe('a real server takes every masked value for one of its column’s type', () => {
  const values: readonly (readonly [string, number, string])[] = [
    ['text', 25, '4242 4242 4242 4242'],
    ['varchar', 1043, 'jane@example.com'],
    ['bpchar', 1042, '4242424242424242'],
    ['name', 19, 'somebody@example.com'],
    ['json', 114, '{"a": [1, "4242424242424242"]}'],
    ['jsonb', 3802, '{"a": [1, "4242424242424242"]}'],
    ['int4', 23, '42424242'],
    ['numeric', 1700, '4242424242424242'],
    ['timestamptz', 1184, '2024-01-02'],
    ['bytea', 17, '\\x4242'],
    ['text[]', 1009, '{a,b}'],
  ];
  const formats: readonly MaskFormat[] = ['redact', 'partial', 'hash', 'null', 'email'];

  test.each(values)('%s', async (name, type, value) => {
    for (const format of formats)
      for (const wire of ['text', 'binary'] as const) {
        const mask = createAnswerMask({
          results: [
            { kind: 'columns', columns: [{ name: 'x', rule: { kind: 'mask', format, column: 'x', verbatim: true } }] },
          ],
          origin: () => ({ kind: 'clear' }),
          strict: true,
          hash: {
            key: encodeUtf8('k'),
            hmac: (_, bytes) => Uint8Array.from({ length: 32 }, (__, at) => bytes[at] ?? 0),
          },
        });
        const choice = mask.choose({
          result: 0,
          columns: [{ name: 'x', origin: undefined, type, format: wire }],
          copy: false,
        });
        const cell = choice.kind === 'mask' ? choice.plan.cells[0] : undefined;
        const version = type === 3802 && wire === 'binary' ? '\u0001' : '';
        const shown = cell?.(encodeUtf8(version + value));
        expect(cell).toBeDefined();
        // A Buffer is sent in binary format, a string in text format.
        const parameter =
          shown === null || shown === undefined ? null : wire === 'binary' ? Buffer.from(shown) : decodeUtf8(shown);
        const { rows } = await client.query<{ v: string | null }>(`SELECT ($1::${name})::text AS v`, [parameter]);
        if (shown !== null && shown !== undefined)
          expect(rows[0]?.v).toBe(decodeUtf8(shown)?.slice(version.length).trimEnd());
        else expect(rows[0]?.v).toBe(null);
      }
  });
});

describe('the net over what a real server sends', () => {
  const card = '4242424242424242';
  const expressions: readonly (readonly [string, string])[] = [
    [`${card}::int8`, '4111111111111112::int8'],
    [`${card}::numeric`, '42424242424242.42::numeric'],
    [`${card}.00::numeric(20, 2)`, '1234567.89::numeric(20, 2)'],
    [`${card}::float8`, '0.1::float8'],
    [`'${card}'::bytea`, `'\\xdeadbeef00ff'::bytea`],
    [`'\\x00ff'::bytea || '${card}'::bytea`, `sha256('x')`],
    [`ARRAY[1, ${card}, NULL]::int8[]`, 'ARRAY[1, NULL, 1700000000000000]::int8[]'],
    [`ARRAY[[1.5, ${card}]]::numeric[]`, 'ARRAY[[1.5, -1e20]]::numeric[]'],
    [`ARRAY[${card}]::float8[]`, `'{}'::float8[]`],
    [`ARRAY['x', '${card}']::bytea[]`, `ARRAY['x', '\\x00']::bytea[]`],
    [`ARRAY['a', '${card}', NULL]`, `ARRAY['a b', '"', NULL]`],
    [`ROW(1, '${card}'::text, NULL)`, `ROW(1, 'x'::text, now())`],
    [`ROW(${card}::int8)`, 'ROW(4111111111111112::int8)'],
    [`ROW(ROW(${card}::numeric))`, 'ROW(ROW(1.5))'],
    [`jsonb_build_object('a', '${card}')`, `jsonb_build_object('a', 1700000000000000)`],
    [`to_tsvector('simple', 'pay ${card}')`, `to_tsvector('simple', 'pay 17')`],
    [`'４２４２４２４２４２４２４２４２'::text`, `'ORD-2024-0001'::text`],
    [`E'4242 4242\\n4242 4242'::text`, `now()::text`],
  ];
  const asTexts = { getTypeParser: () => (value: unknown) => value };
  const mask = createAnswerMask({
    results: [{ kind: 'columns', columns: [{ name: 'v', rule: { kind: 'clear' } }] }],
    origin: () => ({ kind: 'clear' }),
    detectors: createDetectors(),
    strict: false,
  });
  /** In binary as the type's own send function writes it: the driver reads binary results as UTF-8. */
  const cellOf = async (expression: string, binary: boolean) => {
    const { fields } = await client.query(`SELECT ${expression}`);
    const type = fields[0]?.dataTypeID ?? 0;
    const send = await client.query<{ name: string }>(
      'SELECT typsend::regproc::text AS name FROM pg_type WHERE oid = $1',
      [type],
    );
    const output = binary ? `encode(${send.rows[0]?.name}(${expression}), 'hex')` : expression;
    const { rows } = await client.query({ text: `SELECT ${output}`, rowMode: 'array', types: asTexts });
    const printed: unknown = rows[0]?.at(-1);
    if (typeof printed !== 'string') throw new Error('not printed');
    const value = binary ? Buffer.from(printed, 'hex') : encodeUtf8(printed);
    const column = { name: 'v', origin: undefined, type, format: binary ? 'binary' : 'text' } as const;
    const choice = mask.choose({ result: 0, copy: false, columns: [column] });
    const cell = choice.kind === 'mask' ? choice.plan.cells[0] : undefined;
    return { value, shown: cell === undefined ? value : cell(value) };
  };
  test.each(expressions)('%s is caught, %s is left alone, in both formats', async (dirty, clean) => {
    for (const output of ['hex', 'escape']) {
      await client.query(`SET bytea_output = ${output}`);
      for (const binary of [false, true]) {
        const caught = await cellOf(dirty, binary);
        expect([binary, caught.shown !== caught.value]).toEqual([binary, true]);
        const left = await cellOf(clean, binary);
        expect(left.shown).toBe(left.value);
      }
    }
  });
});
