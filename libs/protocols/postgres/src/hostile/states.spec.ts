import { describe, expect, test } from '@jest/globals';
import { refuse } from '@sallyport/kernel';
import type { CommandQuestion, Verdict } from '@sallyport/kernel';
import {
  allow,
  complete,
  deny,
  describeRow,
  failure,
  from,
  int16,
  int32,
  maskOf,
  ready,
  Rig,
  row,
} from '../../testing/rig.js';
import {
  encodeBind,
  encodeClose,
  encodeCopyData,
  encodeCopyDone,
  encodeDescribe,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeRequest,
  encodeStartup,
  encodeSync,
  encodeTerminate,
} from '../client.js';
import { requestCode } from '../message/type.js';

/**
 * All 256 type bytes, from either side, in every state of a session: what is asked, sent on, said and ended. Each table is
 * whole: a type that it does not name does what `other` says.
 */
type Table = Readonly<Record<string, string>>;
const ends = 'says E(08P01); closes refused';
const silent = 'closes refused';

const decide = ({ text, phase }: CommandQuestion): Verdict | 'hold' =>
  text === 'hold' && phase === 'run' ? 'hold' : text === 'deny' ? deny() : allow();
/** Logged in, with a prepared statement `s`. */
const idle = (): Rig =>
  new Rig(decide).begin().client(encodeParse('select s', 's'), encodeSync()).target(from('1'), ready());
const started = encodeStartup({ user: 'billing', database: 'app' });
const copyIn = from('G', [0], int16(0));
const withheld = maskOf({}, { choose: () => ({ kind: 'refuse', refusal: refuse('unmaskable', 'no') }) });
const error = from('E', 'SERROR\0C22012\0\0');

interface State {
  readonly make: () => Rig;
  readonly client: Table;
  readonly target: Table;
}

/** Nothing of a target's is read before it was dialed, or after the end. */
const deaf: Table = { other: 'nothing' };
const unsolicited = 'says E(08P01); alarm; closes refused';
const asynchronous = { A: 'says A', N: 'says N(hi)', S: 'says S(a)' };
const quiet: Table = { ...asynchronous, other: unsolicited };
const broken = 'says E(08P01); outcome unknown; alarm; closes refused';

const known = { H: 'sends H', P: 'asks prepare', Q: 'asks run; sends Q', S: 'sends S' };
const betweenCommands = (status: string): Table => ({
  ...known,
  '0x00': ends,
  B: 'nothing',
  C: 'nothing',
  D: 'nothing',
  E: 'says E(34000)',
  F: `says E(0A000) Z(${status})`,
  X: 'sends X; closes finished',
  c: 'nothing',
  d: 'nothing',
  f: 'nothing',
  other: `says E(08P01) Z(${status})`,
});
/** Refusals wait for the answers before them. */
const behindCommand: Table = { ...known, '0x00': ends, X: 'sends X', other: 'nothing' };
const inCopy: Table = {
  H: 'sends H',
  S: 'sends S',
  X: 'sends X',
  c: 'sends c',
  d: 'sends d',
  f: 'sends f',
  other: ends,
};
const answering: Table = {
  ...asynchronous,
  C: 'says C(SELECT 1)',
  E: 'says E(22012)',
  G: 'says G',
  H: 'says H',
  I: 'says I',
  T: 'says T',
  other: broken,
};

const states: Readonly<Record<string, State>> = {
  'before the first byte': {
    make: () => new Rig(decide),
    // Lengths of four bytes and more than any start-up packet has; those that are negative or too short; a TLS handshake.
    client: { ...eachOf(1, 127, 'says E(54000); closes refused'), '0x16': 'secures', other: silent },
    target: deaf,
  },
  'between our S and the handshake': {
    make: () => new Rig(decide).client(encodeRequest(requestCode.tls)),
    client: { other: silent },
    target: deaf,
  },
  'inside TLS': {
    make: () => {
      const rig = new Rig(decide).client(encodeRequest(requestCode.tls));
      return rig.perform(rig.session.secured(undefined));
    },
    client: { ...eachOf(1, 127, 'says E(54000); closes refused'), other: silent },
    target: deaf,
  },
  'a password is expected': {
    make: () => new Rig(decide).client(started),
    client: { p: 'asks login', other: ends },
    target: deaf,
  },
  'the target is dialed': {
    make: () => new Rig(decide).client(started, encodePassword('t')),
    client: { other: 'nothing' },
    target: deaf,
  },
  idle: { make: idle, client: betweenCommands('idle'), target: quiet },
  'in a block': {
    make: () => idle().client(encodeQuery('begin')).target(complete('BEGIN'), ready('T')),
    // A portal that is not there ends the block.
    client: { ...betweenCommands('open'), E: 'sends E; says E(34000)' },
    target: quiet,
  },
  'in a failed block': {
    make: () => idle().client(encodeQuery('x')).target(error, ready('E')),
    client: betweenCommands('failed'),
    target: quiet,
  },
  'a query runs': {
    make: () => idle().client(encodeQuery('select 1')),
    client: behindCommand,
    target: answering,
  },
  'its rows come': {
    make: () =>
      idle()
        .client(encodeQuery('select 1'))
        .target(describeRow({ name: 'a' }), row('1')),
    client: behindCommand,
    target: { ...asynchronous, C: 'says C(SELECT 1)', D: 'says D(1)', E: 'says E(22012)', other: broken },
  },
  'a first statement of its text is done': {
    make: () =>
      idle()
        .client(encodeQuery('select 1'))
        .target(describeRow({ name: 'a' }), complete('SELECT 0')),
    client: behindCommand,
    target: { ...answering, Z: 'says Z(idle); outcome completed' },
  },
  'it failed': {
    make: () => idle().client(encodeQuery('select 1')).target(error),
    client: { ...behindCommand, '0x00': 'says E(08P01); outcome failed; closes refused' },
    target: {
      ...asynchronous,
      Z: 'says Z(idle); outcome failed',
      other: 'says E(08P01); outcome failed; alarm; closes refused',
    },
  },
  'behind messages without a Sync': {
    make: () => idle().client(encodeParse('select 2'), encodeBind(), encodeExecute()),
    client: {
      ...known,
      '0x00': ends,
      B: 'nothing',
      C: 'nothing',
      D: 'nothing',
      E: 'asks run; sends E',
      X: 'sends X',
      // The target is told to answer, so that the refusal may follow.
      other: 'sends H',
    },
    target: { ...asynchronous, 1: 'says 1', E: 'says E(22012); outcome failed', other: broken },
  },
  'behind messages that are kept back': {
    make: () => idle().client(encodeParse('select 2'), encodeBind()),
    client: {
      '0x00': ends,
      B: 'nothing',
      C: 'nothing',
      D: 'nothing',
      E: 'asks run; sends PBE',
      F: 'sends PBH',
      H: 'sends PBH',
      P: 'asks prepare',
      Q: 'asks run; sends PBQ',
      S: 'sends PBS',
      X: 'sends X; closes finished',
      c: 'nothing',
      d: 'nothing',
      f: 'nothing',
      other: 'says E(08P01)',
    },
    target: quiet,
  },
  'after an error, up to the Sync': {
    make: () => idle().client(encodeParse('deny')),
    client: { '0x00': ends, S: 'sends S', X: 'sends X; closes finished', other: 'nothing' },
    target: quiet,
  },
  'a query is held': {
    make: () => idle().client(encodeQuery('hold')),
    client: { other: 'nothing' },
    target: quiet,
  },
  'an Execute is held': {
    make: () => idle().client(encodeParse('hold'), encodeBind(), encodeExecute()),
    client: { other: 'nothing' },
    target: quiet,
  },
  'what follows must wait for the target': {
    make: () => idle().client(encodeQuery('set search_path = a'), encodeQuery('select 1')),
    client: { other: 'nothing' },
    // A COPY begins where a query follows: the client broke the protocol.
    target: { ...answering, G: `says G E(08P01); outcome unknown; alarm; closes refused` },
  },
  'COPY from the client': {
    make: () => idle().client(encodeQuery('copy')).target(copyIn),
    client: inCopy,
    target: { ...asynchronous, E: 'says E(22012)', other: broken },
  },
  'COPY from the client, extended': {
    make: () =>
      idle()
        .client(encodeParse('copy'), encodeBind(), encodeExecute(), encodeSync())
        .target(from('1'), from('2'), copyIn),
    client: inCopy,
    target: { ...asynchronous, E: 'says E(22012); outcome failed', other: broken },
  },
  'COPY to the client': {
    make: () =>
      idle()
        .client(encodeQuery('copy'))
        .target(from('H', [0], int16(0)), from('d', 'x')),
    client: behindCommand,
    target: { ...asynchronous, E: 'says E(22012)', c: 'says c', d: 'says d(x)', other: broken },
  },
  'a COPY from the client failed': {
    make: () => idle().client(encodeQuery('copy')).target(copyIn, error, ready()),
    client: betweenCommands('idle'),
    target: quiet,
  },
  'an answer is withheld': {
    make: () =>
      new Rig(() => allow(withheld))
        .begin()
        .client(encodeQuery('select'))
        .target(describeRow({ name: 'a' })),
    client: behindCommand,
    target: {
      A: 'says A',
      C: 'nothing',
      D: 'nothing',
      E: 'nothing',
      N: 'nothing',
      S: 'says S(a)',
      other: broken,
    },
  },
  'the client said goodbye, a query runs': {
    make: () => idle().client(encodeQuery('select 1'), encodeTerminate()),
    client: { other: 'nothing' },
    target: answering,
  },
  'the end': { make: () => idle().client(encodeTerminate()), client: { other: 'nothing' }, target: deaf },
};

const fromClient: Readonly<Record<string, Uint8Array>> = {
  B: encodeBind({ statement: 's' }),
  C: encodeClose('statement', 's'),
  D: encodeDescribe('statement', 's'),
  E: encodeExecute(),
  F: from('F', int32(1), int16(0), int16(0), int16(0)),
  H: encodeFlush(),
  P: encodeParse('select 3'),
  Q: encodeQuery('select 4'),
  S: encodeSync(),
  X: encodeTerminate(),
  c: encodeCopyDone(),
  d: encodeCopyData(Uint8Array.of(1)),
  f: from('f', 'no\0'),
  p: encodePassword('x'),
};
const fromTarget: Readonly<Record<string, Uint8Array>> = {
  1: from('1'),
  2: from('2'),
  3: from('3'),
  A: from('A', int32(1), 'c\0p\0'),
  C: complete('SELECT 1'),
  D: row('1'),
  E: failure('22012'),
  G: copyIn,
  H: from('H', [0], int16(0)),
  I: from('I'),
  K: from('K', int32(1), int32(2)),
  N: from('N', 'SNOTICE\0Mhi\0\0'),
  R: from('R', int32(0)),
  S: from('S', 'a\0b\0'),
  T: describeRow({ name: 'a' }),
  V: from('V', int32(-1)),
  W: from('W', [0], int16(0)),
  Z: ready(),
  c: from('c'),
  d: from('d', 'x'),
  n: from('n'),
  s: from('s'),
  t: from('t', int16(0)),
  v: from('v', int32(0), int32(0)),
};

function eachOf(first: number, last: number, what: string): Table {
  const codes = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return Object.fromEntries(codes.map((code) => [nameOf(code), what]));
}
/** Printable types by their letter, others by number. */
function nameOf(type: number): string {
  return type > 0x20 && type < 0x7f ? String.fromCharCode(type) : `0x${type.toString(16).padStart(2, '0')}`;
}

const whatHappens = (rig: Rig): string => {
  const asked = rig.questions.map((question) => (question.kind === 'command' ? question.phase : question.kind));
  const events = [
    asked.length > 0 && `asks ${asked.join(' ')}`,
    rig.letters !== '' && `sends ${rig.letters}`,
    rig.toClient.length > 1 && `says ${rig.heard}`,
    rig.steps.some(({ kind }) => kind === 'secure') && 'secures',
    rig.outcomes.length > 0 && `outcome ${rig.outcomes.map(({ status }) => status).join(' ')}`,
    rig.notes.some(({ kind }) => kind === 'alarm') && 'alarm',
    rig.closed !== undefined && `closes ${rig.closed}`,
  ];
  return events.filter((event) => event !== false).join('; ') || 'nothing';
};

const bySide = (side: 'client' | 'target', make: () => Rig, type: number): string => {
  const rig = make().forget();
  const bodies = side === 'client' ? fromClient : fromTarget;
  const sent = bodies[nameOf(type)] ?? Uint8Array.from([type, 0, 0, 0, 4]);
  const happens = whatHappens(rig.feed(side, sent));
  // What the client did wrong need not be told twice: alarms of its side are not in the tables.
  return side === 'client' ? happens.replace(/; alarm|; outcome unknown|^alarm; /g, '') : happens;
};

describe.each(Object.entries(states))('%s', (_name, { make, client, target }) => {
  test.each([
    ['client', client],
    ['target', target],
  ] as const)('all 256 types from the %s', (side, table) => {
    const expected: string[] = [];
    const seen: string[] = [];
    for (let type = 0; type < 256; type += 1) {
      const name = nameOf(type);
      expected.push(`${name}: ${table[name] ?? table['other'] ?? ''}`);
      seen.push(`${name}: ${bySide(side, make, type)}`);
    }
    expect(seen).toEqual(expected);
  });
});
