import type { Question, Session, Step, Verdict } from '@sallyport/kernel';
import type { Case } from './play.js';
import { bytesOf, cut, must, piece, play, playOn, same } from './play.js';
import type { ScriptEvent } from './play.js';

/** What a protocol hands to the suite: how it is opened, a conversation with some denials in it, and bytes of nonsense. */
export interface Subject {
  /** Deterministic: the same randomness each time. */
  readonly open: () => Session;
  readonly script: readonly ScriptEvent[];
  readonly verdict: (question: Question) => Verdict;
  /** A login that goes through, then a command that asks, then an answer of the target to what was sent before it. */
  readonly hold: {
    readonly before: readonly ScriptEvent[];
    readonly held: Uint8Array;
    readonly earlierAnswer: Uint8Array;
    readonly heldLimit: number;
  };
  readonly garbage: readonly Uint8Array[];
  /** Behind a login: framing that cannot be followed any more. */
  readonly lostFraming: Uint8Array;
}

/** Every protocol runs these. */
export const conformance = (subject: Subject): readonly Case[] => [
  {
    name: 'the same transcript, cut at every byte, gives the same decisions and bytes',
    run() {
      const whole = play(subject, subject.script);
      for (const [index, event] of subject.script.entries()) {
        if (event.kind !== 'bytes') continue;
        for (let at = 1; at < event.bytes.length; at += 1)
          same(whole, play(subject, cut(subject.script, index, [at])), `event ${index} cut at ${at}`);
      }
      const single = subject.script.flatMap((event): readonly ScriptEvent[] =>
        event.kind === 'bytes' ? Array.from(event.bytes, (_, at) => piece(event, at, at + 1)) : [event],
      );
      same(whole, play(subject, single), 'byte by byte');
    },
  },
  {
    name: 'no permit, no byte: nothing reaches the target when everything is denied',
    run() {
      const refusing = (): Verdict => ({ kind: 'deny', refusal: { code: 'denied', message: 'no' } });
      const played = play({ ...subject, verdict: refusing }, subject.script);
      must(played.toTarget.length === 0, 'bytes reached the target without any allowed question');
      must(!played.unpermitted, 'bytes without a permit');
    },
  },
  {
    name: 'every byte for the target carries a permit that a verdict gave',
    run: () => must(!play(subject, subject.script).unpermitted, 'bytes under a permit that nobody gave'),
  },
  {
    name: 'garbage is refused and closes the connection',
    run() {
      for (const bytes of subject.garbage) {
        const played = play(subject, [{ kind: 'bytes', side: 'client', bytes }]);
        must(played.closed !== undefined && played.asked.length === 0, `garbage of ${bytes.length} bytes went on`);
      }
    },
  },
  {
    name: 'lost framing closes the connection',
    run() {
      const lost: ScriptEvent = { kind: 'bytes', side: 'client', bytes: subject.lostFraming };
      must(play(subject, [...subject.hold.before, lost]).closed !== undefined, 'the session went on');
    },
  },
  {
    name: 'a held question stops the client, never the target',
    run() {
      const { session, steps } = held(subject);
      must(bytesOf(steps, 'toTarget').length === 0, 'the held command went');
      const answer = session.feed('target', subject.hold.earlierAnswer);
      must(bytesOf(answer, 'toClient').length > 0, "the target's answer was held up");
      must(session.feed('client', subject.hold.held).length === 0, 'the client was read on');
    },
  },
  {
    name: 'what is sent ahead of a held question is bounded',
    run() {
      const { session } = held(subject);
      const chunk = new Uint8Array(65_536);
      for (let sent = 0; sent <= subject.hold.heldLimit; sent += chunk.length)
        if (session.feed('client', chunk).some(({ kind }) => kind === 'close')) return;
      must(false, 'more was kept than the limit');
    },
  },
  {
    name: 'a client that hangs up while held is noticed',
    run() {
      const { session } = held(subject);
      must(session.end('client').at(-1)?.kind === 'close', 'the session stayed');
    },
  },
  {
    name: 'a closed session is closed: nothing comes of anything',
    run() {
      const { session } = held(subject);
      session.end('client');
      const late = [
        ...session.feed('client', subject.hold.held),
        ...session.feed('target', subject.hold.earlierAnswer),
        ...session.end('target'),
        ...session.terminate({ code: 'session_ended', message: 'over' }),
      ];
      must(late.length === 0, 'steps after the close');
    },
  },
];

const held = (subject: Subject): { readonly session: Session; readonly steps: readonly Step[] } => {
  const session = subject.open();
  playOn(session, subject, subject.hold.before);
  const steps = session.feed('client', subject.hold.held);
  must(steps.at(-1)?.kind === 'ask', 'no question was asked');
  return { session, steps };
};
