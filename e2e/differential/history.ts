import fc from 'fast-check';
import {
  encodeBind,
  encodeClose,
  encodeCopyData,
  encodeCopyDone,
  encodeCopyFail,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '@sallyport/postgres';

/** What a client sends in one go, and how many ReadyForQuery it may expect of it. */
export interface Unit {
  /** For people: what it is. */
  readonly told: string;
  readonly messages: readonly Uint8Array[];
  readonly readies: number;
}

const number = fc.integer({ min: 0, max: 6 });
const literal = fc.constantFrom('a', "it''s", '', 'ä€😀', 'null', '7', '%_');

/** Over `corners.t (id int primary key, name text)`. Rows come in an order that is asked for. */
const select = fc.oneof(
  number.map((n) => `select id, name from corners.t where id < ${n} order by id`),
  fc.tuple(number, number).map(([a, b]) => `select ${a} / ${b}`),
  literal.map((text) => `select '${text}'::int`),
  literal.map((text) => `select '${text}' as "a b", null, upper('${text}')`),
  number.map((n) => `select generate_series(1, ${n})`),
  number.map((n) => `with w as (select id from corners.t) select count(*) + ${n} from w`),
  number.map((n) => `select id from corners.t union select ${n} order by 1`),
  number.map((n) => `select max(name) over (order by id) from corners.t order by id limit ${n}`),
  fc.constantFrom('values (1, true), (2, null)', 'show transaction_isolation', 'select', 'table corners.t', ''),
);
/** Read by nobody: an error of the server's own, that the gateway says in its place. */
const unreadable = fc.constantFrom(
  'selec 1',
  `select 'open`,
  'select 1 +',
  '/* open',
  `select U&'\\0000'`,
  'select $1a',
);
const write = fc.oneof(
  fc.tuple(number, literal).map(([n, text]) => `insert into corners.t values (${n}, '${text}')`),
  number.map((n) => `insert into corners.t values (${n}) on conflict do nothing returning id`),
  fc.tuple(number, literal).map(([n, text]) => `update corners.t set name = '${text}' where id = ${n} returning *`),
  number.map((n) => `delete from corners.t where id = ${n}`),
  number.map((n) => `update corners.t set id = id / ${n}`),
  number.map((n) => `with gone as (delete from corners.t where id > ${n} returning id) select count(*) from gone`),
);
const block = fc.constantFrom(
  ...['begin', 'commit', 'rollback', 'savepoint s', 'rollback to s', 'release s', 'begin isolation level serializable'],
);
const sql = fc.oneof(
  { weight: 4, arbitrary: select },
  { weight: 3, arbitrary: write },
  { weight: 2, arbitrary: block },
  { weight: 1, arbitrary: unreadable },
);

const simple: fc.Arbitrary<Unit> = fc
  .array(sql, { minLength: 1, maxLength: 3 })
  .map((all) => ({ told: `Q ${all.join('; ')}`, messages: [encodeQuery(all.join('; '))], readies: 1 }));

const parameterized = fc.constantFrom(
  'select $1::int + 1',
  'select $1::text, length($1::text)',
  'select id from corners.t where id = $1::int',
  'insert into corners.t values ($1::int, $1::text)',
);
const value = fc.constantFrom('0', '3', 'x', '', null);
const name = fc.constantFrom('', 'a', 'b');
const limit = fc.constantFrom(0, 0, 1, 2);

interface Sent {
  readonly told: string;
  readonly bytes: Uint8Array;
}
const bind = (portal: string, statement: string, text: string | null | undefined): Uint8Array =>
  encodeBind({
    portal,
    statement,
    ...(text === undefined
      ? {}
      : { parameters: [{ format: 'text', value: text === null ? null : Buffer.from(text) }] }),
  });

/** As drivers send it: what belongs together, in order. */
const orderly = fc
  .record({ text: fc.oneof(sql, parameterized), value, name, described: fc.boolean(), limit })
  .map(({ text, value: given, name: as, described, limit: most }): readonly Sent[] => [
    { told: `P(${as}) ${text}`, bytes: encodeParse(text, as) },
    { told: `B(${as}) ${given}`, bytes: bind(as, as, text.includes('$1') ? given : undefined) },
    ...(described ? [{ told: `D(${as})`, bytes: encodeDescribe('portal', as) }] : []),
    { told: `E(${as}) ${most}`, bytes: encodeExecute(as, most) },
  ]);
/** In any order, under any name. */
const wild = fc
  .array(
    fc.oneof(
      fc
        .tuple(fc.oneof(sql, parameterized), name)
        .map(([text, as]) => ({ told: `P(${as}) ${text}`, bytes: encodeParse(text, as) })),
      fc.tuple(name, name).map(([portal, as]) => ({ told: `B(${portal},${as})`, bytes: bind(portal, as, undefined) })),
      fc
        .tuple(name, name, value)
        .map(([portal, as, given]) => ({ told: `B(${portal},${as}) ${given}`, bytes: bind(portal, as, given) })),
      name.map((as) => ({ told: `D(${as})`, bytes: encodeDescribe('portal', as) })),
      name.map((as) => ({ told: `DS(${as})`, bytes: encodeDescribe('statement', as) })),
      fc.tuple(name, limit).map(([as, most]) => ({ told: `E(${as}) ${most}`, bytes: encodeExecute(as, most) })),
      name.map((as) => ({ told: `C(${as})`, bytes: encodeClose('portal', as) })),
      name.map((as) => ({ told: `CS(${as})`, bytes: encodeClose('statement', as) })),
      fc.constant({ told: 'H', bytes: encodeFlush() }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((sent): readonly Sent[] => sent);
const extended: fc.Arbitrary<Unit> = fc
  .array(
    fc.array(fc.oneof({ weight: 2, arbitrary: orderly }, { weight: 1, arbitrary: wild }), {
      minLength: 1,
      maxLength: 2,
    }),
    {
      minLength: 1,
      maxLength: 2,
    },
  )
  .map((stretches) => {
    const sent = stretches.flatMap((stretch) => [...stretch.flat(), { told: 'S', bytes: encodeSync() }]);
    return {
      told: sent.map(({ told }) => told).join(' '),
      messages: sent.map(({ bytes }) => bytes),
      readies: stretches.length,
    };
  });

const line = fc.constantFrom('1\ta\n', '2\t\\N\n', '3\tc\n', '3\td\n', 'x\ty\n', '9\n');
const load: fc.Arbitrary<Unit> = fc
  .record({ lines: fc.array(line, { maxLength: 4 }), done: fc.boolean() })
  .map(({ lines, done }) => ({
    told: `COPY in ${JSON.stringify(lines)} ${done ? 'done' : 'fail'}`,
    messages: [
      encodeQuery('copy corners.t from stdin'),
      ...lines.map((text) => encodeCopyData(Buffer.from(text))),
      done ? encodeCopyDone() : encodeCopyFail('enough'),
    ],
    readies: 1,
  }));
const unload: fc.Arbitrary<Unit> = fc
  .constantFrom('copy corners.t to stdout', 'copy (select id, name from corners.t order by id) to stdout csv header')
  .map((text) => ({ told: `Q ${text}`, messages: [encodeQuery(text)], readies: 1 }));

/** What one client does, up to a dozen times what a driver calls a round trip. */
export const history: fc.Arbitrary<readonly Unit[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: simple },
    { weight: 5, arbitrary: extended },
    { weight: 1, arbitrary: load },
    { weight: 1, arbitrary: unload },
  ),
  { minLength: 1, maxLength: 8 },
);
