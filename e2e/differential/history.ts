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
/** DISCARD ALL is a unit of its own: with statements behind it, it is refused, for they were read with what it takes back. */
const discard = fc.constantFrom('discard plans', 'discard temp', 'discard sequences', 'deallocate all');
const sql = fc.oneof(
  { weight: 4, arbitrary: select },
  { weight: 3, arbitrary: write },
  { weight: 2, arbitrary: block },
  { weight: 1, arbitrary: unreadable },
  { weight: 1, arbitrary: discard },
);

const simple: fc.Arbitrary<Unit> = fc
  .array(sql, { minLength: 1, maxLength: 5 })
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
/** A portal that is read on, closed between two slices, or asked for once more than it has. */
const sliced = fc
  .record({
    n: number,
    name,
    limits: fc.array(fc.constantFrom(1, 2, 0), { minLength: 1, maxLength: 4 }),
    closed: fc.nat(4),
  })
  .map(({ n, name: as, limits, closed }): readonly Sent[] => [
    { told: `P() ${n}`, bytes: encodeParse(`select generate_series(1, ${n})`, '') },
    { told: `B(${as},)`, bytes: bind(as, '', undefined) },
    ...limits.flatMap((most, at): readonly Sent[] => [
      ...(at === closed ? [{ told: `C(${as})`, bytes: encodeClose('portal', as) }] : []),
      { told: `E(${as}) ${most}`, bytes: encodeExecute(as, most) },
      ...(at % 2 === 1 ? [{ told: 'H', bytes: encodeFlush() }] : []),
    ]),
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
    fc.array(
      fc.oneof({ weight: 4, arbitrary: orderly }, { weight: 2, arbitrary: wild }, { weight: 1, arbitrary: sliced }),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
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
/** A COPY of the extended protocol, with commands before it in its pipeline. */
const loadInPipeline: fc.Arbitrary<Unit> = fc
  .record({
    before: fc.oneof(orderly, fc.constant<readonly Sent[]>([])),
    lines: fc.array(line, { maxLength: 4 }),
    done: fc.boolean(),
  })
  .map(({ before, lines, done }) => ({
    told: `${before.map(({ told }) => told).join(' ')} P B E COPY in ${JSON.stringify(lines)} ${done ? 'done' : 'fail'} S`,
    messages: [
      ...before.map(({ bytes }) => bytes),
      encodeParse('copy corners.t from stdin'),
      bind('', '', undefined),
      encodeExecute(),
      ...lines.map((text) => encodeCopyData(Buffer.from(text))),
      done ? encodeCopyDone() : encodeCopyFail('enough'),
      encodeSync(),
    ],
    readies: 1,
  }));
/** A cursor that outlives its block, and one that does not. */
const cursor: fc.Arbitrary<Unit> = fc
  .record({
    n: number,
    hold: fc.boolean(),
    end: fc.constantFrom('commit', 'rollback'),
    reads: fc.array(number, { maxLength: 3 }),
  })
  .map(({ n, hold, end, reads }) => {
    const declared = `declare k scroll cursor ${hold ? 'with hold ' : ''}for select generate_series(1, ${n})`;
    const texts = [
      'rollback',
      `begin; ${declared}; fetch 1 from k; ${end}`,
      ...(hold && end === 'commit' ? reads.map((count) => `fetch ${count} from k`) : []),
      ...(hold && end === 'commit' ? ['move backward 1 in k; fetch all from k; close k'] : []),
    ];
    return {
      told: texts.map((text) => `Q ${text}`).join(' | '),
      messages: texts.map(encodeQuery),
      readies: texts.length,
    };
  });
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
    { weight: 1, arbitrary: loadInPipeline },
    { weight: 1, arbitrary: cursor },
    {
      weight: 1,
      arbitrary: fc.constant({ told: 'Q discard all', messages: [encodeQuery('discard all')], readies: 1 }),
    },
  ),
  { minLength: 1, maxLength: 8 },
);
