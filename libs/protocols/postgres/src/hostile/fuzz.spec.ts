import { readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { AnswerMask, Verdict } from '@sallyport/kernel';
import { readInt32 } from '@sallyport/protocol-core';
import fc from 'fast-check';
import {
  allow,
  bytes,
  complete,
  deny,
  describeRow,
  failure,
  from,
  int32,
  join,
  ready,
  Rig,
  row,
} from '../../testing/rig.js';
import { LittleServer, texts } from '../../testing/little-server.js';
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
  encodeStartup,
  encodeSync,
} from '../client.js';

/**
 * Both directions, fed what was a conversation until somebody changed bytes of it. Whatever comes, a session answers with
 * steps or ends; it throws at nobody, and what it says is in proportion to what it heard.
 */
const kept = JSON.parse(readFileSync(joinPath(import.meta.dirname, 'fuzz-seeds.json'), 'utf8')) as readonly number[];
const fresh = Date.now() % 2 ** 31;

const value = fc.constantFrom(null, '', '1', 'secret', 'é'.repeat(40));
const text = fc.constantFrom(...texts, 'select; write; select many', 'deny', '');
const clientFrame = fc.oneof(
  text.map(encodeQuery),
  fc.tuple(text, fc.constantFrom('', 's')).map(([sql, name]) => encodeParse(sql, name)),
  fc
    .tuple(fc.constantFrom('', 's'), value)
    .map(([statement, text]) =>
      encodeBind({ statement, parameters: [{ format: 'text', value: text === null ? null : bytes(text) }] }),
    ),
  fc.constantFrom(
    ...[
      encodeDescribe('portal'),
      encodeDescribe('statement', 's'),
      encodeExecute(),
      encodeExecute('', 1),
      encodeSync(),
    ],
    ...[encodeFlush(), encodeClose('statement', 's'), encodeCopyData(bytes('1\n')), encodeCopyDone()],
  ),
);
const targetFrame = fc.oneof(
  fc.constantFrom(
    ...[from('1'), from('2'), from('3'), from('n'), from('s'), from('I'), from('c'), ready(), ready('T'), ready('E')],
    ...[describeRow({ name: 'email' }), describeRow({ name: 'email', binary: true }, { name: 'b' }), from('t', [0, 0])],
    ...[complete('SELECT 1'), complete('INSERT 0 3'), complete('COPY 2'), failure('42601'), failure('57014')],
    ...[
      from('G', [0, 0, 1, 0, 0]),
      from('H', [0, 0, 1, 0, 0]),
      from('d', 'secret\t1\n'),
      from('S', 'search_path\0x\0'),
    ],
    from('A', int32(1), 'channel\0secret\0'),
  ),
  fc.array(value, { maxLength: 3 }).map((values) => row(...values)),
);

/** What somebody does to the bytes. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), to: fc.nat(255) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), length: fc.nat(20) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), length: fc.nat(20) }),
  fc.record({
    kind: fc.constant('length' as const),
    at: fc.nat(),
    to: fc.constantFrom(-1, 0, 3, 4, 5, 0x7fff_ffff, -0x8000_0000, 1 << 20),
  }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const changed = (whole: Uint8Array, by: Change): Uint8Array => {
  if (whole.length === 0) return whole;
  const at = by.at % whole.length;
  switch (by.kind) {
    case 'set':
      return join(whole.subarray(0, at), Uint8Array.of(by.to), whole.subarray(at + 1));
    case 'cut':
      return join(whole.subarray(0, at), whole.subarray(at + by.length));
    case 'repeat':
      return join(whole.subarray(0, at + by.length), whole.subarray(at));
    case 'length': {
      // Of the message that is there.
      let begin = 0;
      for (
        let next = begin;
        next <= at && next + 5 <= whole.length;
        next += Math.max(5, readInt32(whole, next + 1) + 1)
      )
        begin = next;
      return join(whole.subarray(0, begin + 1), Uint8Array.from(int32(by.to)), whole.subarray(begin + 5));
    }
  }
};

/** Most of it arrives as it was sent: what is deep in a conversation must be reached. */
const changes = fc.oneof(
  { weight: 6, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(change, { minLength: 1, maxLength: 2 }) },
);
const rounds = fc.array(
  fc.record({
    frames: fc.array(clientFrame, { minLength: 1, maxLength: 8 }),
    client: changes,
    target: changes,
    /** What the target says unasked. */
    more: fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: targetFrame }),
  }),
  { minLength: 1, maxLength: 10 },
);
const pieces = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 4 });

const stars = (): Uint8Array => bytes('***');
const masking: AnswerMask = {
  choose: ({ columns }) => ({ kind: 'mask', plan: { cells: columns.map(() => stars), masked: ['all'] } }),
  scrub: ({ fields }) => fields,
};
const decide = ({ text: sql }: { readonly text: string }): Verdict => {
  if (sql.includes('deny')) return deny();
  const verdict = allow(masking);
  let left = 1;
  if (verdict.kind === 'deny' || sql !== 'select many') return verdict;
  return { ...verdict, limit: { admit: (rows) => (left -= rows) >= 0 } };
};

/** The longest thing that is said unasked is an error; nothing of 5 bytes earns more than a few of them. */
const inProportion = (rig: Rig, heard: number): void => {
  expect(rig.steps.length).toBeLessThan(100 + 8 * heard);
  expect(rig.toClient.length + rig.toTarget.length).toBeLessThan(4_096 + 512 * heard);
};

const feed = (rig: Rig, from: 'client' | 'target', sent: Uint8Array, cuts: readonly number[]): void => {
  for (let at = 0, turn = 0; at < sent.length; turn += 1) {
    const to = at + (cuts[turn % cuts.length] ?? 1);
    rig.feed(from, sent.slice(at, to));
    at = to;
    if (rig.steps.filter(({ kind }) => kind === 'stop').length > 0 && turn % 3 === 0)
      rig.perform(rig.session.stopped());
  }
};

describe('bytes that somebody changed', () => {
  test.each([...kept, fresh])('in a session that is logged in (seed %i)', (seed) => {
    fc.assert(
      fc.property(rounds, pieces, (all, cuts) => {
        const rig = new Rig(decide).begin();
        const server = new LittleServer();
        let [heard, at] = [0, 0];
        const give = (from: 'client' | 'target', whole: Uint8Array, by: readonly Change[]): void => {
          const sent = by.reduce(changed, whole);
          heard += sent.length;
          feed(rig, from, sent, cuts);
          for (; at < rig.steps.length; at += 1) {
            const step = rig.steps[at];
            if (step?.kind === 'toTarget') server.hear(step.bytes);
            if (step?.kind === 'stop') rig.perform(rig.session.stopped());
          }
        };
        for (const { frames, client, target, more } of all) {
          give('client', join(...frames), client);
          give('target', join(server.speak(true), more ?? bytes('')), target);
        }
        inProportion(rig, heard);
        const closed = rig.closed !== undefined;
        const told = rig.steps.length;
        rig.perform(rig.session.end('client')).perform(rig.session.end('client')).perform(rig.session.end('target'));
        // Closed once, and nothing after it; never closed, not even by both ends, would be a leak.
        expect(rig.steps.filter(({ kind }) => kind === 'close')).toHaveLength(1);
        if (closed) expect(rig.steps).toHaveLength(told);
      }),
      { seed, numRuns: 1_500 },
    );
  });

  test.each([...kept, fresh])('before the login (seed %i)', (seed) => {
    const startup = join(
      encodeStartup({ user: 'billing', database: 'app' }),
      encodePassword('token'),
      encodeQuery('select 1'),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), pieces, (changes, cuts) => {
        const rig = new Rig(decide);
        const sent = changes.reduce(changed, startup);
        feed(rig, 'client', sent, cuts);
        inProportion(rig, sent.length);
        expect(rig.toTarget).toHaveLength(0);
      }),
      { seed, numRuns: 500 },
    );
  });
});
