import type { DialOutcome, Note, Question, Session, Side, Step, Verdict } from '@sallyport/kernel';
import { concat, sameBytes } from '../bytes.js';

/** One thing that happens to a session. Bytes of one event may be cut anywhere. */
export type ScriptEvent =
  | { readonly kind: 'bytes'; readonly side: Side; readonly bytes: Uint8Array }
  | { readonly kind: 'dialed'; readonly outcome: DialOutcome };

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

export interface Case {
  readonly name: string;
  /** Throws where the protocol does not conform. */
  run(): void;
}

interface Played {
  readonly toClient: Uint8Array;
  readonly toTarget: Uint8Array;
  readonly asked: readonly string[];
  readonly notes: readonly Note[];
  readonly closed: string | undefined;
  readonly unpermitted: boolean;
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

const play = (subject: Subject, script: readonly ScriptEvent[]): Played => playOn(subject.open(), subject, script);

const playOn = (session: Session, subject: Pick<Subject, 'verdict'>, script: readonly ScriptEvent[]): Played => {
  const all: Step[] = [];
  const given = new Set<unknown>();
  let unpermitted = false;
  const perform = (steps: readonly Step[]): void => {
    for (const step of steps) {
      all.push(step);
      if ((step.kind === 'toTarget' || step.kind === 'dial') && !given.has(step.permit)) unpermitted = true;
      if (step.kind !== 'ask') continue;
      const verdict = subject.verdict(step.question);
      if (verdict.kind === 'allow') given.add(verdict.permit);
      perform(session.answer(step.id, verdict));
    }
  };
  for (const event of script)
    perform(event.kind === 'bytes' ? session.feed(event.side, event.bytes) : session.dialed(event.outcome));
  const close = all.find(({ kind }) => kind === 'close');
  return {
    toClient: bytesOf(all, 'toClient'),
    toTarget: bytesOf(all, 'toTarget'),
    asked: all.flatMap((step) => (step.kind === 'ask' ? [told(step.question)] : [])),
    notes: all.flatMap((step) => (step.kind === 'note' ? [step.note] : [])),
    closed: close?.kind === 'close' ? close.cause : undefined,
    unpermitted,
  };
};

const bytesOf = (steps: readonly Step[], kind: 'toClient' | 'toTarget'): Uint8Array =>
  concat(steps.flatMap((step) => (step.kind === kind ? [step.bytes] : [])));

/** A question as text. What the target said meanwhile depends on when it was asked, and is left out. */
const told = (question: Question): string =>
  JSON.stringify(question, (key, value: unknown) => (key === 'state' ? undefined : value));

const piece = (event: Extract<ScriptEvent, { kind: 'bytes' }>, from: number, to: number): ScriptEvent => ({
  ...event,
  // A copy: a chunk from a socket has no neighbours.
  bytes: event.bytes.slice(from, to),
});

const cut = (script: readonly ScriptEvent[], index: number, at: readonly number[]): readonly ScriptEvent[] =>
  script.flatMap((event, position): readonly ScriptEvent[] => {
    if (position !== index || event.kind !== 'bytes') return [event];
    const edges = [0, ...at, event.bytes.length];
    return edges.slice(1).map((to, part) => piece(event, edges[part] ?? 0, to));
  });

const same = (expected: Played, played: Played, where: string): void => {
  must(sameBytes(expected.toClient, played.toClient), `other bytes for the client: ${where}`);
  must(sameBytes(expected.toTarget, played.toTarget), `other bytes for the target: ${where}`);
  must(expected.asked.join('\n') === played.asked.join('\n'), `other questions: ${where}`);
  must(JSON.stringify(expected.notes) === JSON.stringify(played.notes), `other notes: ${where}`);
  must(expected.closed === played.closed, `another end: ${where}`);
};

const must = (holds: boolean, otherwise: string): void => {
  if (!holds) throw new Error(otherwise);
};
