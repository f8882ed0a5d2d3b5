import { describe, test } from '@jest/globals';
import { conformance, controlCases } from '@sallyport/protocol-core/testing';
import type { ScriptEvent } from '@sallyport/protocol-core/testing';
import type { CellMask } from '@sallyport/kernel';
import { defaultLimits } from '@sallyport/protocol-core';
import {
  allow,
  bytes,
  complete,
  context,
  deny,
  describeRow,
  failure,
  from,
  int16,
  join,
  maskOf,
  permit,
  ready,
  row,
} from '../testing/rig.js';
import {
  encodeBind,
  encodeCopyData,
  encodeCopyDone,
  encodeDescribe,
  encodeExecute,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeStartup,
  encodeSync,
  encodeTerminate,
} from './client.js';
import { postgres } from './index.js';
import { controlSubject } from './testing/index.js';

const client = (...pieces: Uint8Array[]): ScriptEvent => ({ kind: 'bytes', side: 'client', bytes: join(...pieces) });
const target = (...pieces: Uint8Array[]): ScriptEvent => ({ kind: 'bytes', side: 'target', bytes: join(...pieces) });
const stars: CellMask = (value) => new Uint8Array(value.length + 1).fill(0x2a);
const login = [
  client(encodeStartup({ user: 'billing', database: 'app' }), encodePassword('token')),
  {
    kind: 'dialed',
    outcome: {
      kind: 'opened',
      greeting: { parameters: { client_encoding: 'UTF8' }, transaction: 'idle', trailing: new Uint8Array(0) },
    },
  },
] as const satisfies readonly ScriptEvent[];
const mask = maskOf(
  { mail: stars, 1: stars },
  { copyOptions: () => ({ format: 'text', header: false, delimiter: 9, null: bytes('\\N') }) },
);

const cases = conformance({
  open: () => postgres.open(context()),
  verdict: (question) => {
    if (question.kind !== 'command') return { kind: 'allow', permit: permit('login') };
    if (/drop/.test(question.text)) return deny();
    return /mail/.test(question.text) ? allow(mask) : allow();
  },
  script: [
    ...login,
    client(encodeQuery('select 1'), encodeQuery('drop table x')),
    target(from('S', 'application_name\0x\0'), describeRow({ name: 'a' }), row('1'), complete('SELECT 1'), ready()),
    client(encodeParse('select mail'), encodeBind(), encodeExecute(), encodeSync()),
    target(
      from('1'),
      from('2'),
      describeRow({ name: 'id' }, { name: 'mail' }),
      row('1', 'a@b'),
      row(null, null),
      complete('SELECT 2'),
      ready(),
    ),
    client(
      encodeParse('insert'),
      encodeBind(),
      encodeDescribe('portal'),
      encodeExecute(),
      encodeParse('drop'),
      encodeSync(),
    ),
    target(from('1'), from('2'), from('n'), complete('INSERT 0 1')),
    target(failure('34000'), ready()),
    client(encodeQuery('copy in')),
    target(from('G', [0], int16(1), int16(0))),
    client(encodeCopyData(bytes('1\n')), encodeCopyDone()),
    target(complete('COPY 1'), ready()),
    client(encodeQuery('copy mail out')),
    target(
      from('H', [0], int16(2), int16(0), int16(0)),
      from('d', 'a\tb\nc'),
      from('d', '\td\n'),
      from('c'),
      complete('COPY 2'),
      ready(),
    ),
    target(from('N', 'SNOTICE\0C00000\0Mhi\0\0')),
    client(encodeTerminate()),
  ],
  hold: {
    before: [...login, client(encodeQuery('select 1'))],
    held: encodeQuery('delete'),
    earlierAnswer: join(describeRow({ name: 'a' }), row('1')),
    heldLimit: defaultLimits.heldBytes,
  },
  garbage: [
    bytes('GET / HTTP/1.1\r\n\r\n'),
    new Uint8Array(64).fill(0xff),
    new Uint8Array(64),
    bytes('\x16\x03\x01'),
  ].slice(0, 3),
  lostFraming: Uint8Array.of(0x51, 0, 0, 0, 3),
});

describe('conformance', () => {
  test.each(cases)('$name', ({ run }) => run());
});

describe('what is declared holds', () => {
  test.each(controlCases(controlSubject))('$name', ({ run }) => run());
});
