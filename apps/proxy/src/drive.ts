import { refuse } from '@sallyport/kernel';
import type {
  Note,
  Notice,
  Permit,
  Question,
  QuestionId,
  Refusal,
  Session,
  Side,
  Step,
  TargetGreeting,
  Verdict,
} from '@sallyport/kernel';
import type { Pipe } from './pipe.js';

/** Who answers for one session: decisions, evidence and the way to the target all hang here. */
export interface Answerer {
  /** At once where that is possible: the allowed path of a command has no promise in it. */
  ask(id: QuestionId, question: Question, inform: (notice: Notice) => void): Verdict | Promise<Verdict>;
  dial(): Promise<Dialled>;
  /** A cancel that carries this key is meant for this session. */
  cancellable(key: Uint8Array): void;
  /** Has the target stop what it runs. Settles when it was told, or could not be; never rejects. */
  stop(): Promise<void>;
  note(note: Note): void;
  /** Nothing follows. Whatever still waits for an answer is withdrawn. */
  closed(cause: string): void;
}

export type Dialled =
  | { readonly kind: 'opened'; readonly greeting: TargetGreeting; readonly pipe: Pipe }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface ClientPipe extends Pipe {
  /** TLS as a server over what was plain until now; `unread` belongs to the handshake. Gives the chosen ALPN. */
  secure(unread: Uint8Array, alpn: readonly string[]): Promise<string | undefined>;
}

export interface DriveInput {
  readonly session: Session;
  readonly client: ClientPipe;
  readonly answerer: Answerer;
  /** A bug or a broken rule; it has ended this session, and only this one. */
  readonly report: (error: unknown) => void;
}

export interface Driven {
  /** End the session from outside, in the protocol's own words. */
  terminate(refusal: Refusal): void;
}

/**
 * The driver of every protocol: two pumps over one session. Events become steps, steps are performed in order, and
 * everything that can happen at once happens in the turn of the event that caused it. Asynchronous are only TLS, the dial,
 * and an answer that takes its time.
 *
 * The client's side is read on while a question is open: the session keeps those bytes (bounded), and a hang-up is
 * noticed. What nobody takes is not asked for: the client is read while both sides take what is written to them and the
 * session does not wait for the target, the target while the client does. So neither side fills our memory.
 */
export const drive = ({ session, client, answerer, report }: DriveInput): Driven => {
  const permits = new WeakSet<Permit>();
  const waiting: (() => readonly Step[])[] = [];
  let target: Pipe | undefined;
  const full: Record<Side, boolean> = { client: false, target: false };
  const paused: Record<Side, boolean> = { client: false, target: false };
  let turning = false;
  let failing = false;
  let finished = false;

  /** One event. Never re-entered: what comes up meanwhile waits for its own turn. */
  const turn = (event: () => readonly Step[]): void => {
    if (finished) return;
    waiting.push(event);
    if (turning) return;
    turning = true;
    try {
      for (let next = waiting.shift(); next !== undefined && !finished; next = waiting.shift()) performAll(next());
    } catch (error) {
      waiting.length = 0;
      fail(error);
    } finally {
      turning = false;
    }
    if (waiting.length > 0 && !finished) turn(nothing);
    else flow();
  };

  const flow = (): void => {
    if (finished) return;
    steer('client', client, full.client || full.target || session.stalled);
    if (target !== undefined) steer('target', target, full.client);
  };
  const steer = (side: Side, pipe: Pipe, pause: boolean): void => {
    if (pause === paused[side]) return;
    paused[side] = pause;
    if (pause) pipe.pause();
    else pipe.resume();
  };

  const performAll = (steps: readonly Step[]): void => {
    for (const step of steps) {
      if (finished) return;
      perform(step);
    }
  };

  const perform = (step: Step): void => {
    switch (step.kind) {
      case 'toClient':
        if (!client.write(step.bytes)) full.client = true;
        return;
      case 'toTarget':
        if (!permits.has(step.permit)) throw new Error('bytes for the target without a permit of this session');
        if (target === undefined) throw new Error('bytes for a target that is not there');
        if (!target.write(step.bytes)) full.target = true;
        return;
      case 'ask':
        return ask(step.id, step.question);
      case 'dial':
        if (!permits.has(step.permit) || step.permit.scope !== 'login' || target !== undefined)
          throw new Error('a dial without a login');
        return dial();
      case 'secure':
        client.secure(step.unread, step.alpn).then(
          (alpn) => turn(() => session.secured(alpn)),
          () => turn(() => session.end('client')),
        );
        return;
      case 'cancellable':
        return answerer.cancellable(step.key);
      case 'stop':
        return void answerer.stop().then(() => turn(() => session.stopped()));
      case 'note':
        return answerer.note(step.note);
      case 'close':
        return close(step.cause);
    }
  };

  const ask = (id: QuestionId, question: Question): void => {
    const verdict = answerer.ask(id, question, (notice) => turn(() => session.inform(id, notice)));
    if (!(verdict instanceof Promise)) {
      // After the steps that came with the question, before any other event.
      waiting.unshift(() => answer(id, verdict));
      return;
    }
    verdict.then(
      (late) => turn(() => answer(id, late)),
      (error: unknown) => turn(() => raise(error)),
    );
  };

  const answer = (id: QuestionId, verdict: Verdict): readonly Step[] => {
    if (verdict.kind !== 'deny') permits.add(verdict.permit);
    return session.answer(id, verdict);
  };

  const dial = (): void => {
    answerer.dial().then(
      (dialled) => {
        if (dialled.kind === 'refused') return turn(() => session.dialed(dialled));
        const { pipe, greeting } = dialled;
        if (finished) return pipe.destroy();
        target = pipe;
        turn(() => session.dialed({ kind: 'opened', greeting }));
        pipe.attach(eventsOf('target'));
        // The flow begins with it, whatever was said before.
        if (paused.target) pipe.pause();
      },
      (error: unknown) => turn(() => raise(error)),
    );
  };

  const eventsOf = (side: Side) => ({
    data: (bytes: Uint8Array) => turn(() => session.feed(side, bytes)),
    drain: () => {
      full[side] = false;
      if (!turning) flow();
    },
    end: () => turn(() => session.end(side)),
  });

  const fail = (error: unknown): void => {
    report(error);
    if (failing) return cut();
    failing = true;
    try {
      performAll(session.terminate(refuse('internal', 'the gateway could not go on with this session')));
    } catch (again) {
      report(again);
    }
    cut();
  };

  const close = (cause: string): void => {
    if (finished) return;
    finished = true;
    client.end();
    target?.end();
    settle(cause);
  };

  /** The end without ceremony, for a session that did not close itself. */
  const cut = (): void => {
    if (finished) return;
    finished = true;
    client.end();
    target?.destroy();
    settle('internal');
  };

  const settle = (cause: string): void => {
    try {
      answerer.closed(cause);
    } catch (error) {
      report(error);
    }
  };

  client.attach(eventsOf('client'));
  return { terminate: (refusal) => turn(() => session.terminate(refusal)) };
};

const nothing = (): readonly Step[] => [];

const raise = (error: unknown): never => {
  throw error;
};
