import { hash } from 'node:crypto';
import { clip } from '@sallyport/audit';
import type { KeptRecord } from './evidence.js';
import { refuse } from '@sallyport/kernel';
import type { CommandQuestion, Notice, OutcomeNote, Permit, QuestionId, Refusal, Verdict } from '@sallyport/kernel';
import {
  bindingOf,
  leastUsage,
  mintApprovedPermit,
  mintCommandPermit,
  refusalOf,
  uncountable,
} from '@sallyport/policy';
import type { AllowDecision, DecisionContext, HoldDecision } from '@sallyport/policy';
import type { Facts } from '@sallyport/sql';
import type { Desk, DeskNow } from './desk.js';
import type { Gate } from './gate.js';
import { cancelled, hold, unreachable } from './hold.js';
import type { Held } from './hold.js';
import { createLeftBehind } from './left-behind.js';
import { createStatementMemory } from './memory.js';
import { createSessionMoves } from './moves.js';
import type { NamedText } from './memory.js';
import type { Recorder } from './record.js';
import { requestOf } from './request.js';
import { notCounted, overBudget, spend } from './spend.js';
import type { Spending } from './spend.js';
import { createSettingsWatch, isWayOut } from './settings.js';
import { effectsOf, outlineOf } from './outline.js';
import { digestOf, preparedIn, unreadStatement } from './statements.js';
import type { Statement } from './statements.js';
import { asUnproved, isUnresolved } from './unprovable.js';
import { underAnyUser } from './any-user.js';

/** How a hold gets its humans' word: by asking for it, or by naming the approval that runs. */
export type Grants =
  { readonly kind: 'ask' } | { readonly kind: 'given'; readonly approval: string; readonly binding: Uint8Array };

export interface CommandsInput {
  readonly gate: Gate;
  readonly recorder: Recorder;
  readonly session: string;
  readonly connection: string;
  readonly database: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** How long the client wants a command held, milliseconds. */
  readonly hold: number | undefined;
  readonly desk: (now: number) => DeskNow;
  readonly loginPermit: Permit;
  readonly grants: Grants;
}

/** Decides the commands of one open session, one at a time, and keeps their evidence. */
export interface Commands {
  ask(id: QuestionId, question: CommandQuestion, inform: (notice: Notice) => void): Verdict | Promise<Verdict>;
  outcome(note: OutcomeNote): void;
  /** The target described another answer than was proved. Gives the command, unless a definition that came through here is why. */
  disagreed(question: QuestionId): string | undefined;
  /** The protocol gave or took a name of a statement or portal. */
  named(of: 'statement' | 'portal', name: string): void;
  /** What is held is refused; what runs is the target's to stop. */
  cancel(): void;
  closed(): void;
}

/** A command that was read and judged, and is not refused. */
interface Judged {
  readonly kind: 'judged';
  readonly desk: Desk;
  readonly statement: Statement;
  /** With names resolved: what it really does. */
  readonly facts: Facts;
  readonly decision: AllowDecision<'command'> | HoldDecision<'command'>;
  /** What the session has given names to, as far as this command runs it. */
  readonly behind: readonly NamedText[];
  readonly settings: Readonly<Record<string, string>>;
}

interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
  readonly statement: Statement | undefined;
  readonly desk: Desk | undefined;
  readonly policies: readonly string[];
}

interface Running {
  readonly command: string;
  readonly facts: Facts;
  readonly spending: Spending;
  readonly since: number;
}

export const createCommands = (input: CommandsInput): Commands => {
  const { gate, recorder, session, connection, database } = input;
  const memory = createStatementMemory();
  const settings = createSettingsWatch(input.parameters);
  const moves = createSessionMoves(gate.moves.at(connection, database));
  const leftBehind = createLeftBehind();
  const running = new Map<QuestionId, Running>();
  let holding: AbortController | undefined;

  const catalogNow = () => {
    const desk = input.desk(gate.clock.now());
    return desk.kind === 'desk' ? desk.place.catalog : undefined;
  };

  const judge = (question: CommandQuestion): Judged | Refused => {
    const no = (refusal: Refusal, statement?: Statement, desk?: Desk, policies: readonly string[] = []): Refused => ({
      kind: 'refused',
      refusal,
      statement,
      desk,
      policies,
    });
    const now = gate.clock.now();
    const desk = input.desk(now);
    if (desk.kind === 'refused') return no(desk.refusal);
    const { place, decider } = desk;
    const meaning = settings.look(question, place.catalog?.searchPath ?? noPath, place.catalog?.user);
    const { searchPath, drift, anyUser } = meaning;
    const read = gate.statements.read(question.text, place, searchPath);
    const { statement } = read;
    if (read.kind === 'refused') return no(read.refusal, statement, desk);
    if (drift !== undefined && !isWayOut(statement.facts)) return no(drift, statement, desk);
    const { facts: meant, behind } = memory.resolve(statement.facts, (text) =>
      preparedIn(gate.statements.read(text, place, searchPath)),
    );
    const named = anyUser ? underAnyUser(meant, place) : meant;
    const found = leftBehind.check(moves.check(named, searchPath, place));
    const facts = isUnresolved(found) && mayBeAnything(desk, { now, database }) ? asUnproved(found) : found;
    const unfollowable = settings.admit(facts);
    if (unfollowable !== undefined) return no(unfollowable, statement, desk);
    const decision = decider.decide(facts, { now, database });
    if (decision.kind === 'deny') return no(refusalOf(decision), statement, desk, decision.policies);
    if (question.phase === 'run' && decision.budgets.length > 0) {
      const unheld = uncountable(decision.budgets, facts);
      if (unheld !== undefined) return no(notCounted(unheld), statement, desk, [unheld.policy]);
      const exceeded = gate.budgets.wouldExceed(decision.budgets, leastUsage(facts), now);
      if (exceeded !== undefined)
        return no(overBudget(exceeded, 'Nothing was executed.'), statement, desk, [exceeded.policy]);
    }
    if (question.phase === 'run' && decision.kind === 'hold' && meaning.unsettled !== undefined)
      return no(meaning.unsettled, statement, desk, decision.policies);
    return { kind: 'judged', desk, statement, facts, decision, behind, settings: meaning.settings };
  };

  /** What every record of this command says of it. */
  const headOf = (
    command: string,
    question: CommandQuestion,
    { desk, statement: read, facts }: { desk: Desk | undefined; statement: Statement | undefined; facts?: Facts },
  ) => {
    const statement = read ?? unreadStatement(question.text);
    const { kinds, tables } = outlineOf(facts ?? statement.facts);
    return {
      command,
      connection,
      database,
      caller: desk?.identified.caller ?? lastCaller(),
      text: statement.shown,
      digest: digestOf(statement, question.parameters),
      kinds,
      tables,
      policyVersion: desk?.place.source.policyVersion ?? 0,
    };
  };

  /** A session whose identity just ended is still the session of somebody. */
  let last: Desk | undefined;
  const lastCaller = () =>
    last?.identified.caller ?? { kind: 'subagent' as const, id: 'unknown', name: 'unknown', onBehalfOf: [] };

  const deny = (
    command: string,
    question: CommandQuestion,
    { refusal, statement, desk, policies }: Refused,
    approval?: string,
  ): Verdict => {
    recorder.record({
      type: 'statement.refused',
      ...headOf(command, question, { desk, statement }),
      policies,
      code: refusal.code,
      reason: clip(refusal.message, 2048),
      approval,
    });
    return { kind: 'deny', refusal };
  };

  /** Evidence first, then the permit. */
  const allow = (
    id: QuestionId,
    command: string,
    question: CommandQuestion,
    judged: Judged,
    permit: Permit,
    approval?: string,
  ): Verdict | Promise<Verdict> => {
    const { desk, statement, facts, decision } = judged;
    const now = gate.clock.now();
    const mask = desk.masks.of(facts, statement.text, { now, database });
    const record = recorder.intent({
      type: 'statement.intent',
      ...headOf(command, question, judged),
      policies: decision.policies,
      verdict: approval === undefined ? 'allowed' : 'approved',
      approval,
    });
    if (record === undefined) return { kind: 'deny', refusal: unkept };
    const go = (): Verdict => {
      const spending = spend({ ledger: gate.budgets, budgets: decision.budgets, facts, clock: gate.clock });
      memory.sent(id, facts, statement.text);
      settings.sent(id, facts, question);
      leftBehind.sent(facts);
      moves.sent(id, facts, question.state.transaction !== 'idle');
      running.set(id, { command, facts, spending, since: gate.clock.monotonic() });
      const { limit } = spending;
      return { kind: 'allow', permit, ...(mask ? { mask } : {}), ...(limit ? { limit } : {}) };
    };
    if (!decision.durable && desk.place.source.audit !== 'durable') return go();
    return durably(record, command, go);
  };

  const durably = async (record: KeptRecord, command: string, go: () => Verdict): Promise<Verdict> => {
    if (await recorder.commit(record)) return go();
    // Its intent lies in the spool already, so its end has to be told: it never went.
    recorder.record({
      type: 'statement.outcome',
      command,
      ...nothingHappened,
      error: 'audit_unavailable',
      tag: undefined,
    });
    return { kind: 'deny', refusal: unkept };
  };

  const bindingFor = (question: CommandQuestion, { desk, facts, behind, settings: under }: Judged): Buffer =>
    hash(
      'sha256',
      bindingOf({
        statement: question.text,
        parameters: question.parameters,
        principal: desk.identified.caller.id,
        connection,
        database,
        policyVersion: desk.place.source.policyVersion,
        settings: {
          ...Object.fromEntries(Object.entries(under).map(([name, value]) => [`setting ${name}`, value])),
          ...Object.fromEntries(behind.map(({ name, text }, index) => [`name ${index}`, JSON.stringify([name, text])])),
          // A view, a table or a name of the catalog may stand for something else by the time it runs.
          effects: effectsOf(facts),
        },
      }),
      'buffer',
    );

  const held = async (
    id: QuestionId,
    command: string,
    question: CommandQuestion,
    first: Judged & { readonly decision: HoldDecision<'command'> },
    inform: (notice: Notice) => void,
  ): Promise<Verdict> => {
    const binding = bindingFor(question, first);
    const again = (): Judged | Refused => {
      const now = judge(question);
      if (now.kind === 'refused' || bindingFor(question, now).equals(binding)) return now;
      return { ...first, kind: 'refused', refusal: moved, policies: [] };
    };
    const controller = new AbortController();
    holding = controller;
    try {
      const stillHeld = (): Refusal | undefined => {
        const now = again();
        return now.kind === 'refused' ? now.refusal : undefined;
      };
      const word = await wordFor(command, question, first, { binding, inform, signal: controller.signal, stillHeld });
      const refused = (refusal: Refusal): Verdict =>
        deny(
          command,
          question,
          { ...first, kind: 'refused', refusal, policies: first.decision.policies },
          word.approval,
        );
      if (word.kind === 'refused') return refused(word.refusal);
      if (controller.signal.aborted) return refused(cancelled);
      const now = again();
      if (now.kind === 'refused') return deny(command, question, now, word.approval);
      const { chain } = now.desk.identified;
      if (now.decision.kind === 'allow')
        return await allow(id, command, question, now, mintCommandPermit(now.decision), word.approval);
      const grant = {
        approval: `apr_${word.approval.replace(/^apr_/, '')}` as const,
        binding,
        approvers: word.approvers,
      };
      const minted = mintApprovedPermit(now.decision, grant, { binding, chain });
      if (minted.kind === 'refused') return refused(refuse('approval_denied', minted.reason));
      return await allow(id, command, question, now, minted.permit, word.approval);
    } finally {
      if (holding === controller) holding = undefined;
    }
  };

  const wordFor = async (
    command: string,
    question: CommandQuestion,
    { desk, statement, decision, settings: under, behind }: Judged & { readonly decision: HoldDecision<'command'> },
    wait: {
      readonly binding: Buffer;
      readonly inform: (notice: Notice) => void;
      readonly signal: AbortSignal;
      readonly stillHeld: () => Refusal | undefined;
    },
  ): Promise<Held> => {
    const { grants } = input;
    const { approvals } = gate;
    const { binding } = wait;
    if (grants.kind === 'given') {
      const { approval } = grants;
      const no = (refusal: Refusal): Held => ({ kind: 'refused', refusal, approval });
      if (!binding.equals(grants.binding)) return no(moved);
      const asked = { approvalId: approval, binding, sessionId: session, commandId: command };
      const answer = await approvals.redeem(asked).catch(() => undefined);
      if (answer === undefined) return no(unreachable);
      if (!answer.granted) {
        const code = answer.code === 'approval_denied' ? 'approval_denied' : 'approval_expired';
        return no(refuse(code, answer.message || 'the approval cannot be used'));
      }
      return { kind: 'redeemed', approval, approvers: answer.approvers };
    }
    const { parameters } = input;
    const request = requestOf({
      session,
      command,
      question,
      desk,
      statement,
      decision,
      binding,
      database,
      parameters,
      settings: under,
      behind,
    });
    if (request.kind === 'refused') return { ...request, approval: undefined };
    const { clock } = gate;
    // Who knows best: the client when it gives up, then who registered the subagent, then the connection.
    const limit = input.hold ?? desk.identified.hold ?? desk.place.source.hold;
    return hold({ clock, approvals, request: request.request, limit, ...wait });
  };

  return {
    ask(id, question, inform) {
      const judged = judge(question);
      const command = gate.mint.command();
      if (judged.kind === 'refused') return deny(command, question, judged);
      last = judged.desk;
      const { decision } = judged;
      if (question.phase === 'prepare') return prepared(judged);
      if (decision.kind === 'hold') return held(id, command, question, { ...judged, decision }, inform);
      return allow(id, command, question, judged, mintCommandPermit(decision));
    },

    outcome(note) {
      const done = running.get(note.question);
      if (done === undefined) return;
      running.delete(note.question);
      const completed = note.status === 'completed';
      memory.settled(note.question, completed);
      settings.settled(note.question, completed);
      const { command, facts, spending, since } = done;
      const { status, rows, bytes, maskedColumns, maskedCells } = note;
      spending.settle(note);
      const duration = Math.max(0, gate.clock.monotonic() - since);
      recorder.follow({
        type: 'statement.outcome',
        command,
        status,
        tag: note.tag && clip(note.tag, 256),
        error: note.error && clip(note.error, 64),
        rows,
        bytes,
        duration,
        maskedColumns,
        maskedCells,
      });
      const took = moves.settled(note.question, { completed, tag: note.tag }, catalogNow);
      if (took || outlineOf(facts).defines) gate.configuration.catalogMoved(connection, database);
    },

    disagreed(question) {
      const run = running.get(question);
      if (run === undefined || moves.explains(run.facts, catalogNow())) return undefined;
      gate.configuration.catalogMoved(connection, database);
      return run.command;
    },

    named: (of, name) => memory.taken(of, name),

    cancel: () => holding?.abort(),

    closed() {
      holding?.abort();
      // Whatever nobody saw the end of is told as that.
      for (const { command } of running.values())
        recorder.record({
          type: 'statement.outcome',
          command,
          ...nothingHappened,
          status: 'unknown',
          tag: undefined,
          error: undefined,
        });
      running.clear();
    },
  };

  /** Nothing runs: no evidence, no hold. What is held when it runs is prepared as part of the session. */
  function prepared({ decision, desk, statement, facts }: Judged): Verdict {
    const permit = decision.kind === 'allow' ? mintCommandPermit(decision) : input.loginPermit;
    const mask = desk.masks.of(facts, statement.text, { now: gate.clock.now(), database });
    return mask === undefined ? { kind: 'allow', permit } : { kind: 'allow', permit, mask };
  }
};

/** Masks cover whatever comes, or there is nothing to cover for this reader. */
const mayBeAnything = ({ place, decider }: Desk, context: DecisionContext): boolean =>
  place.source.unprovable === 'mask' ||
  place.tagged.every((tag) => decider.reveals({ kind: 'column', ...tag }, context));

const noPath: readonly string[] = [];
const unkept = refuse('audit_unavailable', 'the evidence of this command cannot be kept now', {
  hint: 'Nothing was executed.',
});
const moved = refuse(
  'denied',
  'policy or session changed while the command waited, so the approval is for another command',
  {
    hint: 'Nothing was executed. Send the command again to ask for a new approval.',
  },
);

const nothingHappened = {
  status: 'failed',
  rows: 0,
  bytes: 0,
  duration: 0,
  maskedColumns: [],
  maskedCells: 0,
} as const;
