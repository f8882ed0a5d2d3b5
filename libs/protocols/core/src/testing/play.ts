import type { DialOutcome, Note, Question, Session, Side, Step, Verdict } from '@sallyport/kernel';
import { concat, sameBytes } from '../bytes.js';

/** One thing that happens to a session. Bytes of one event may be cut anywhere. */
export type ScriptEvent =
  | { readonly kind: 'bytes'; readonly side: Side; readonly bytes: Uint8Array }
  | { readonly kind: 'dialed'; readonly outcome: DialOutcome };

export interface Case {
  readonly name: string;
  /** Throws where the protocol does not conform. */
  run(): void;
}

/** Who answers the questions of a session. */
export interface Player {
  readonly verdict: (question: Question) => Verdict;
}

/** What came of a conversation. */
export interface Played {
  readonly toClient: Uint8Array;
  readonly toTarget: Uint8Array;
  readonly asked: readonly string[];
  readonly notes: readonly Note[];
  readonly closed: string | undefined;
  readonly unpermitted: boolean;
}

export const play = (subject: Player & { readonly open: () => Session }, script: readonly ScriptEvent[]): Played =>
  playOn(subject.open(), subject, script);

export const playOn = (session: Session, subject: Player, script: readonly ScriptEvent[]): Played => {
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

export const bytesOf = (steps: readonly Step[], kind: 'toClient' | 'toTarget'): Uint8Array =>
  concat(steps.flatMap((step) => (step.kind === kind ? [step.bytes] : [])));

/** A question as text. What the target said meanwhile depends on when it was asked, and is left out. */
const told = (question: Question): string =>
  JSON.stringify(question, (key, value: unknown) => (key === 'state' ? undefined : value));

export const piece = (event: Extract<ScriptEvent, { kind: 'bytes' }>, from: number, to: number): ScriptEvent => ({
  ...event,
  // A copy: a chunk from a socket has no neighbours.
  bytes: event.bytes.slice(from, to),
});

export const cut = (script: readonly ScriptEvent[], index: number, at: readonly number[]): readonly ScriptEvent[] =>
  script.flatMap((event, position): readonly ScriptEvent[] => {
    if (position !== index || event.kind !== 'bytes') return [event];
    const edges = [0, ...at, event.bytes.length];
    return edges.slice(1).map((to, part) => piece(event, edges[part] ?? 0, to));
  });

export const same = (expected: Played, played: Played, where: string): void => {
  must(sameBytes(expected.toClient, played.toClient), `other bytes for the client: ${where}`);
  must(sameBytes(expected.toTarget, played.toTarget), `other bytes for the target: ${where}`);
  must(expected.asked.join('\n') === played.asked.join('\n'), `other questions: ${where}`);
  must(JSON.stringify(expected.notes) === JSON.stringify(played.notes), `other notes: ${where}`);
  must(expected.closed === played.closed, `another end: ${where}`);
};

export const must = (holds: boolean, otherwise: string): void => {
  if (!holds) throw new Error(otherwise);
};
