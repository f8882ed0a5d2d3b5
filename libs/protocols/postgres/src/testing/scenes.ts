import { encodeUtf8 } from '@sallyport/kernel';
import type { AnswerMask, CopyOptions } from '@sallyport/kernel';
import type { ScriptEvent } from '@sallyport/protocol-core/testing';
import type { Scene } from '@sallyport/protocol-core/testing';
import {
  encodeBind,
  encodeCopyData,
  encodeCopyDone,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeStartup,
  encodeSync,
} from '../client.js';
import * as target from './target.js';
import { trialOf } from './trial.js';

const fromClient = (...pieces: readonly Uint8Array[]): ScriptEvent => ({
  kind: 'bytes',
  side: 'client',
  bytes: target.together(...pieces),
});
const fromTarget = (...pieces: readonly Uint8Array[]): ScriptEvent => ({
  kind: 'bytes',
  side: 'target',
  bytes: target.together(...pieces),
});

export const login: readonly ScriptEvent[] = [
  fromClient(encodeStartup({ user: 'billing', database: 'app' }), encodePassword('token')),
  {
    kind: 'dialed',
    outcome: {
      kind: 'opened',
      greeting: { parameters: { client_encoding: 'UTF8' }, transaction: 'idle', trailing: new Uint8Array(0) },
    },
  },
];

const secret = 'jane@example.com';
/** Only in the second row. */
const beyond = 'second-row';
const stars = encodeUtf8('***');
const hidden = (options?: CopyOptions): AnswerMask => ({
  choose: ({ columns }) => ({
    kind: 'mask',
    plan: { cells: columns.map((_, index) => (index === 1 ? () => stars : undefined)), masked: ['mail'] },
  }),
  scrub: ({ fields }) =>
    new Map([...fields].map(([name, text]) => [name, text.includes(secret) ? '***' : text] as const)),
  ...(options ? { copyOptions: () => options } : {}),
});

const asks = (text: string, ...values: readonly string[]): Scene['asks'] => ({
  text,
  parameters: values.map((value) => ({ value: encodeUtf8(value) })),
});

/** Two rows with a secret in each, however they are sent. */
const answered = { rows: 2, mask: hidden(), secret: encodeUtf8(secret), beyond: encodeUtf8(beyond) } as const;

const simple = (text: string, rest: readonly ScriptEvent[], more: Partial<Scene> = {}): Scene => ({
  name: `Query: ${text}`,
  before: login,
  command: encodeQuery(text),
  asks: asks(text),
  refused: [],
  rest,
  ...answered,
  ...more,
});

const extended = (text: string, rest: readonly ScriptEvent[], more: Partial<Scene> = {}): Scene => ({
  name: `Parse, Bind, Describe, Execute: ${text}`,
  before: login,
  command: target.together(encodeParse(text), encodeBind(), encodeDescribe('portal'), encodeExecute(), encodeSync()),
  asks: asks(text),
  refused: [fromTarget(target.ready())],
  rest,
  ...answered,
  ...more,
});

const rows = [target.row('1', secret), target.row(beyond, secret)];
const done = [target.complete('SELECT 2'), target.ready()];
const bound = [target.parseComplete(), target.bindComplete()];
const selected = [target.describe('text', 'id', 'mail'), ...rows];
const halves = [
  [target.describe('text', 'id', 'mail'), target.row('1', secret), target.complete('SELECT 1')],
  [target.describe('text', 'id', 'mail'), target.row(beyond, secret), target.complete('SELECT 1')],
] as const;

const select = 'select id, mail from people';
const selectOne = 'select id, mail from people where id < $1';

const simpleScenes: readonly Scene[] = [
  simple(select, [fromTarget(...selected, ...done)], {
    trial: trialOf({ answer: [...selected, target.complete('SELECT 2')] }),
  }),
  simple(`${select}; ${select}`, [fromTarget(...halves[0]), fromTarget(...halves[1]), fromTarget(target.ready())], {
    name: 'Query with two statements',
    trial: trialOf({ answer: halves.flat() }),
  }),
];

const extendedScenes: readonly Scene[] = (['text', 'binary'] as const).map((format) => ({
  ...extended(selectOne, [fromTarget(...bound, target.describe(format, 'id', 'mail')), fromTarget(...rows, ...done)]),
  name: `Parse, Bind, Describe, Execute, results in ${format}`,
  command: target.together(
    encodeParse(selectOne),
    encodeBind({ parameters: [{ format: 'text', value: encodeUtf8('9') }], resultFormats: [format] }),
    encodeDescribe('portal'),
    encodeExecute(),
    encodeSync(),
  ),
  asks: asks(selectOne, '9'),
  trial: trialOf({
    prepared: [...bound, target.describe(format, 'id', 'mail')],
    answer: [...rows, target.complete('SELECT 2')],
    synced: [target.ready()],
  }),
}));

const inBlock = [
  ...login,
  fromClient(encodeQuery('begin')),
  fromTarget(target.complete('BEGIN'), target.ready('open')),
];

const cursorScenes: readonly Scene[] = [
  simple('fetch 2 from c', [fromTarget(target.describe('text', 'id', 'mail'), ...rows, ...done)], {
    before: [
      ...inBlock,
      fromClient(encodeQuery(`declare c cursor for ${select}`)),
      fromTarget(target.complete('DECLARE CURSOR'), target.ready('open')),
    ],
  }),
  {
    ...extended(select, [fromTarget(...rows, target.complete('SELECT 2'), target.ready('open'))]),
    name: 'a portal read in slices',
    before: [
      ...inBlock,
      fromClient(
        encodeParse(select),
        encodeBind({ portal: 'p' }),
        encodeDescribe('portal', 'p'),
        encodeExecute('p', 1),
        encodeFlush(),
      ),
      fromTarget(...bound, target.describe('text', 'id', 'mail'), target.row('0', ''), target.portalSuspended()),
    ],
    command: target.together(encodeExecute('p', 2), encodeSync()),
    refused: [fromTarget(target.ready('open'))],
  },
];

const loaded = [target.complete('COPY 2'), target.ready()];
const nothingBack = { rows: 2, mask: undefined, secret: undefined, beyond: undefined } as const;
const copyInScenes: readonly Scene[] = [
  { make: simple, before: [] },
  { make: extended, before: [...bound, target.noData()] },
].map(({ make, before }) => {
  const scene = make('copy people from stdin', [
    fromTarget(...before, target.copy('in', 'text', 2)),
    fromClient(encodeCopyData(encodeUtf8('1\ta\n')), encodeCopyData(encodeUtf8('2\tb\n')), encodeCopyDone()),
    // Swallowed by the COPY: a client of the extended protocol sends another Sync behind its data.
    ...(make === extended ? [fromClient(encodeSync())] : []),
    fromTarget(...loaded),
  ]);
  const { mask: _mask, secret: _secret, beyond: _beyond, ...rest } = { ...scene, ...nothingBack };
  return rest;
});

const asText: CopyOptions = { format: 'text', header: false, delimiter: 9, null: encodeUtf8('\\N') };
const asCsv: CopyOptions = { format: 'csv', header: true, delimiter: 0x2c, null: new Uint8Array(0) };
const copied = [target.copyDone(), target.complete('COPY 2'), target.ready()];
const line = (text: string): Uint8Array => target.copyData(encodeUtf8(text));
const copyOut = 'copy people to stdout';

const copyOutScenes: readonly Scene[] = [
  simple(
    copyOut,
    [fromTarget(target.copy('out', 'text', 2), line(`1\t${secret}\n`), line(`${beyond}\t${secret}\n`), ...copied)],
    {
      name: 'COPY as text',
      mask: hidden(asText),
    },
  ),
  simple(
    copyOut,
    [fromTarget(target.copy('out', 'text', 2), line(`1,"${secret}"\n`), line(`${beyond},${secret}\n`), ...copied)],
    { name: 'COPY as csv', mask: hidden({ ...asCsv, header: false }) },
  ),
  extended(
    copyOut,
    [
      fromTarget(
        ...bound,
        target.noData(),
        target.copy('out', 'binary', 2),
        target.copyData(target.together(target.binaryCopyHeader(), target.binaryCopyTuple('1', secret))),
        target.copyData(target.binaryCopyTuple(beyond, secret)),
        target.copyData(target.binaryCopyTrailer()),
        ...copied,
      ),
    ],
    { name: 'COPY as binary' },
  ),
];

const notificationScenes: readonly Scene[] = [
  (() => {
    const { beyond: _beyond, ...scene } = simple('listen news', [
      fromTarget(target.complete('LISTEN'), target.ready()),
      fromTarget(target.notify('news', secret)),
    ]);
    return { ...scene, name: 'LISTEN and a payload', rows: 0 };
  })(),
];

/** By mode. */
export const scenes: Readonly<Record<string, readonly Scene[]>> = {
  simple: simpleScenes,
  extended: extendedScenes,
  cursor: cursorScenes,
  copy_in: copyInScenes,
  copy_out: copyOutScenes,
  notifications: notificationScenes,
};
