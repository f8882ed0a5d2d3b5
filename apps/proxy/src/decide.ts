import { clip } from '@sallyport/audit';
import { refuse } from '@sallyport/kernel';
import type { LoginQuestion, Note, Refusal, Verdict } from '@sallyport/kernel';
import { createCommands } from './command.js';
import type { Commands } from './command.js';
import type { Grants } from './word.js';
import type { Answerer, Dialled } from './drive.js';
import type { Gate } from './gate.js';
import { login } from './login.js';
import type { Admitted, Prove } from './login.js';
import { createRecorder } from './record.js';
import type { LiveSession } from './sessions.js';

export interface AnswererInput {
  readonly gate: Gate;
  readonly protocol: string;
  readonly clientAddress: string;
  readonly prove: Prove;
  readonly grants: Grants;
  /** Ends the session from outside. */
  readonly terminate: (refusal: Refusal) => void;
}

export interface SessionAnswerer extends Answerer {
  readonly session: string;
  /** Its login succeeded and its target is open. */
  readonly opened: boolean;
}

const closing = refuse('session_ended', 'this session is over');
/** A cancel gets no answer, whatever became of it. */
const silent = refuse('denied', 'a cancel has no answer');

/** Answers every question of one session: who may come in, what may run, what may be cancelled. */
export const createAnswerer = (input: AnswererInput): SessionAnswerer => {
  const { gate, protocol, clientAddress, prove } = input;
  const session = gate.mint.session();
  const recorder = createRecorder({ session, proxy: gate.name, clock: gate.clock, evidence: gate.evidence });
  let admitted: Admitted | undefined;
  let commands: Commands | undefined;
  let stopTarget: (() => Promise<void>) | undefined;
  let over = false;

  const live: LiveSession = {
    id: session,
    terminate: input.terminate,
    cancel() {
      commands?.cancel();
      void stopTarget?.();
    },
  };

  const enter = async (question: LoginQuestion): Promise<Verdict> => {
    const outcome = await login(question, { gate, recorder, protocol, clientAddress, prove });
    if (outcome.kind === 'refused') return outcome.verdict;
    admitted = outcome.admitted;
    const { permit, mask } = admitted;
    return mask === undefined ? { kind: 'allow', permit } : { kind: 'allow', permit, mask };
  };

  const dial = async (): Promise<Dialled> => {
    if (admitted === undefined) throw new Error('a dial before the login');
    const { connection, database, parameters, hold, desk, permit } = admitted;
    const refused = (refusal: Refusal): Dialled => {
      recorder.record({
        type: 'login.refused',
        connection,
        database,
        clientAddress,
        cause: clip(`${refusal.code}: ${refusal.message}`, 1024),
        claimed: undefined,
      });
      return { kind: 'refused', refusal };
    };
    const at = desk(gate.clock.now());
    if (at.kind === 'refused') return refused(at.refusal);
    const { agents } = at.place.connection;
    const target = await gate.tunnels.open({ connection, database, session, parameters, agents });
    if (target.kind === 'refused') return refused(target.refusal);
    if (over) {
      target.pipe.destroy();
      return { kind: 'refused', refusal: closing };
    }
    const kept = recorder.record({
      type: 'session.opened',
      connection,
      database,
      caller: at.identified.caller,
      agent: target.agent,
      clientAddress,
      application: clip(parameters['application_name'] ?? '', 256),
    });
    if (!kept) {
      target.pipe.destroy();
      return { kind: 'refused', refusal: refuse('audit_unavailable', 'evidence cannot be kept now: no session opens') };
    }
    stopTarget = target.cancel;
    commands = createCommands({
      gate,
      recorder,
      session,
      connection,
      database,
      parameters,
      hold,
      desk,
      loginPermit: permit,
      grants: input.grants,
    });
    gate.sessions.open(live);
    gate.log.info(
      { session, connection, database, caller: at.identified.caller.id, agent: target.agent },
      'session opened',
    );
    return { kind: 'opened', greeting: target.greeting, pipe: target.pipe };
  };

  const note = (seen: Note): void => {
    if (seen.kind === 'outcome') return commands?.outcome(seen);
    if (seen.kind === 'named') return commands?.named(seen.of, seen.name);
    const { refusal, question } = seen;
    const { code, message } = refusal;
    const command = question === undefined ? undefined : commands?.disagreed(question);
    if (question !== undefined && command === undefined) return;
    gate.alarms.add();
    recorder.record({ type: 'alarm', code, message: clip(message, 1024), command });
    gate.log.warn({ session, code }, message);
  };

  return {
    session,
    get opened() {
      return commands !== undefined;
    },
    ask(id, question, inform) {
      switch (question.kind) {
        case 'login':
          return admitted === undefined
            ? enter(question)
            : { kind: 'deny', refusal: refuse('protocol_violation', 'a session logs in once') };
        case 'command':
          return commands?.ask(id, question, inform) ?? { kind: 'deny', refusal: closing };
        case 'tried':
          return commands?.tried(question, inform) ?? { kind: 'deny', refusal: closing };
        case 'cancel':
          gate.sessions.cancel(question.key, clientAddress);
          return { kind: 'deny', refusal: silent };
      }
    },
    dial,
    cancellable: (key) => gate.sessions.keyed(live, key),
    stop: () => stopTarget?.() ?? Promise.resolve(),
    note,
    closed(cause) {
      over = true;
      gate.sessions.close(live);
      if (commands === undefined) return;
      const end = (): void => {
        recorder.record({ type: 'session.closed', cause });
        gate.log.info({ session, cause }, 'session closed');
      };
      const held = commands.closed();
      // Nothing of a session is told after its end.
      if (held === undefined) end();
      else void held.then(end);
    },
  };
};
