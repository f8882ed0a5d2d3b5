import { clip } from '@sallyport/audit';
import type { KeptRecord } from './evidence.js';
import { refuse } from '@sallyport/kernel';
import type {
  CommandQuestion,
  Notice,
  OutcomeNote,
  Permit,
  QuestionId,
  Refusal,
  TrialOrder,
  TriedQuestion,
  Verdict,
} from '@sallyport/kernel';
import {
  leastUsage,
  mintApprovedPermit,
  mintCommandPermit,
  mintTrialPermit,
  refusalOf,
  uncountable,
} from '@sallyport/policy';
import type { DecisionContext } from '@sallyport/policy';
import type { Facts } from '@sallyport/sql';
import { createReadings } from './apart.js';
import { bindingFor } from './binding.js';
import type { Desk, DeskNow } from './desk.js';
import type { Gate } from './gate.js';
import { cancelled } from './hold.js';
import { intakeOf } from './intake.js';
import type { HeldJudged, Judged, Refused, Shown } from './judged.js';
import { createLeftBehind } from './left-behind.js';
import { createStatementMemory } from './memory.js';
import { createSessionMoves } from './moves.js';
import { noPreview, previewOf } from './preview.js';
import { planOf } from './trial-plan.js';
import type { Recorder } from './record.js';
import { notCounted, overBudget, spend } from './spend.js';
import type { Spending } from './spend.js';
import { createSettingsWatch, isWayOut } from './settings.js';
import { outlineOf } from './outline.js';
import { moved, wordFor } from './word.js';
import type { Grants } from './word.js';
import { digestOf, preparedIn, unreadStatement } from './statements.js';
import type { Statement, Statements } from './statements.js';
import { asUnproved, isUnresolved } from './unprovable.js';
import { underAnyUser } from './any-user.js';

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
  /** A command was tried. The same waits for people now. */
  tried(question: TriedQuestion, inform: (notice: Notice) => void): Verdict | Promise<Verdict>;
  outcome(note: OutcomeNote): void;
  /** The target described another answer than was proved. Gives the command, unless a definition that came through here is why. */
  disagreed(question: QuestionId): string | undefined;
  /** The protocol gave or took a name of a statement or portal. */
  named(of: 'statement' | 'portal', name: string): void;
  /** What is held is refused; what runs is the target's to stop. */
  cancel(): void;
  /** Settles when what was held has its end told too. */
  closed(): Promise<void> | undefined;
}

interface Trying {
  readonly command: string;
  readonly question: CommandQuestion;
  readonly judged: HeldJudged;
  readonly remarks: readonly string[];
}

interface Running {
  readonly command: string;
  readonly facts: Facts;
  readonly spending: Spending;
  readonly since: number;
}

export const createCommands = (input: CommandsInput): Commands => {
  const { gate, recorder, connection, database } = input;
  const memory = createStatementMemory();
  const settings = createSettingsWatch(input.parameters);
  const moves = createSessionMoves(gate.moves.at(connection, database));
  const leftBehind = createLeftBehind();
  const readings = createReadings(gate.statements, gate.reader);
  const running = new Map<QuestionId, Running>();
  const trials = new Map<QuestionId, Trying>();
  let holding: { readonly controller: AbortController; readonly over: Promise<void> } | undefined;

  const catalogNow = () => {
    const desk = input.desk(gate.clock.now());
    return desk.kind === 'desk' ? desk.place.catalog : undefined;
  };

  /** `charged`: it counts in its budgets already. `from`: who reads its text. */
  const judge = (
    question: CommandQuestion,
    { charged = false, from = gate.statements as Pick<Statements, 'read'> } = {},
  ): Judged | Refused => {
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
    const read = from.read(question.text, place, searchPath);
    const { statement } = read;
    if (read.kind === 'refused') return no(read.refusal, statement, desk);
    if (drift !== undefined && !isWayOut(statement.facts)) return no(drift, statement, desk);
    const { facts: meant, behind } = memory.resolve(statement.facts, (text) =>
      preparedIn(from.read(text, place, searchPath)),
    );
    const named = anyUser ? underAnyUser(meant, place, (oid) => gate.statements.columnsOf(place, oid)) : meant;
    const found = leftBehind.check(moves.check(named, searchPath, place));
    const facts = isUnresolved(found) && mayBeAnything(desk, { now, database }) ? asUnproved(found) : found;
    const unfollowable = settings.admit(facts);
    if (unfollowable !== undefined) return no(unfollowable, statement, desk);
    const decision = decider.decide(facts, { now, database });
    if (decision.kind === 'deny') return no(refusalOf(decision), statement, desk, decision.policies);
    if (question.phase === 'run' && decision.budgets.length > 0 && !charged) {
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
    as: { readonly approval?: string; readonly order?: TrialOrder } = {},
  ): Verdict | Promise<Verdict> => {
    const { approval, order } = as;
    const { desk, statement, facts, decision } = judged;
    const now = gate.clock.now();
    const mask = desk.masks.of(facts, statement.text, { now, database });
    const record = recorder.intent({
      type: 'statement.intent',
      ...headOf(command, question, judged),
      policies: decision.policies,
      verdict: order !== undefined ? 'tried' : approval === undefined ? 'allowed' : 'approved',
      approval,
    });
    if (record === undefined) return { kind: 'deny', refusal: unkept };
    const go = (): Verdict => {
      const copies = facts.statements.some(({ copy }) => copy === 'from_client');
      const spending = spend({
        ledger: gate.budgets,
        budgets: decision.budgets,
        facts,
        clock: gate.clock,
        ...(copies ? { copied: (nth: number) => intakeOf(facts, desk.place, nth) } : {}),
      });
      memory.sent(id, facts, statement.text);
      settings.sent(id, facts, question);
      leftBehind.sent(facts);
      moves.sent(id, facts, question.state.transaction !== 'idle');
      running.set(id, { command, facts, spending, since: gate.clock.monotonic() });
      const { limit, intake } = spending;
      const how = {
        permit,
        ...(mask ? { mask } : {}),
        ...(limit ? { limit } : {}),
        ...(intake ? { intake } : {}),
      };
      return order === undefined ? { kind: 'allow', ...how } : { kind: 'try', ...how, order };
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

  /** It was tried, and people agree: that is kept as evidence before it stays. */
  const keep = async (
    command: string,
    question: CommandQuestion,
    judged: Judged,
    word: { readonly permit: Permit; readonly approval: string },
  ): Promise<Verdict> => {
    const { desk, decision } = judged;
    const { permit, approval } = word;
    const record = recorder.intent({
      type: 'statement.intent',
      ...headOf(command, question, judged),
      policies: decision.policies,
      verdict: 'approved',
      approval,
    });
    const durable = decision.durable || desk.place.source.audit === 'durable';
    const kept = record !== undefined && (!durable || (await recorder.commit(record)));
    return kept ? { kind: 'allow', permit } : { kind: 'deny', refusal: unkept };
  };

  const held = async (
    id: QuestionId,
    command: string,
    question: CommandQuestion,
    first: HeldJudged,
    inform: (notice: Notice) => void,
    shown: Shown = { preview: undefined, ran: false },
  ): Promise<Verdict> => {
    const seen = shown.ran ? shown.preview : undefined;
    const binding = bindingFor(input, question, first, seen);
    const again = (): Judged | Refused => {
      const now = judge(question, { charged: shown.ran });
      if (now.kind === 'refused' || bindingFor(input, question, now, seen).equals(binding)) return now;
      return { ...first, kind: 'refused', refusal: moved, policies: [] };
    };
    const controller = new AbortController();
    const over = Promise.withResolvers<void>();
    const mine = { controller, over: over.promise };
    holding = mine;
    try {
      const stillHeld = (): Refusal | undefined => {
        const now = again();
        return now.kind === 'refused' ? now.refusal : undefined;
      };
      const word = await wordFor(input, command, question, first, {
        ...shown,
        binding,
        inform,
        signal: controller.signal,
        stillHeld,
      });
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
      const { approval } = word;
      const go = (permit: Permit): Verdict | Promise<Verdict> =>
        shown.ran
          ? keep(command, question, now, { permit, approval })
          : allow(id, command, question, now, permit, { approval });
      if (now.decision.kind === 'allow') return await go(mintCommandPermit(now.decision));
      const grant = {
        approval: `apr_${approval.replace(/^apr_/, '')}` as const,
        binding,
        approvers: word.approvers,
      };
      const minted = mintApprovedPermit(now.decision, grant, { binding, chain });
      if (minted.kind === 'refused') return refused(refuse('approval_denied', minted.reason));
      return await go(minted.permit);
    } finally {
      if (holding === mine) holding = undefined;
      over.resolve();
    }
  };

  return {
    ask(id, question, inform) {
      const decide = (judged: Judged | Refused) => decided(id, question, judged, inform);
      return readings.settle(
        () => decide(judge(question, { from: readings })),
        (refusal) => decide({ kind: 'refused', refusal, statement: undefined, desk: last, policies: [] }),
      );
    },

    tried({ of, attempt }, inform) {
      const trying = trials.get(of);
      trials.delete(of);
      if (trying === undefined) return { kind: 'deny', refusal: cancelled };
      const { command, question, judged, remarks } = trying;
      if (attempt.kind === 'impossible') {
        // What was to be tried never went. It goes under another name, when people have agreed.
        this.outcome({ kind: 'outcome', question: of, ...neverTried });
        const shown = { preview: noPreview(attempt.why), ran: false };
        return held(of, gate.mint.command(), question, judged, inform, shown);
      }
      const { desk } = judged;
      const { statements, clock } = gate;
      const preview = previewOf({ attempt, remarks, desk, statements, database, now: clock.now() });
      return held(of, command, question, judged, inform, { preview, ran: true });
    },

    outcome(note) {
      trials.delete(note.question);
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

    cancel() {
      void readings.cancel();
      holding?.controller.abort();
    },

    closed() {
      const over = readings.cancel() ?? holding?.over;
      holding?.controller.abort();
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
      return over;
    },
  };

  function decided(
    id: QuestionId,
    question: CommandQuestion,
    judged: Judged | Refused,
    inform: (notice: Notice) => void,
  ): Verdict | Promise<Verdict> {
    const command = gate.mint.command();
    if (judged.kind === 'refused') return deny(command, question, judged);
    last = judged.desk;
    const { decision } = judged;
    if (question.phase === 'prepare') return prepared(judged);
    if (decision.kind === 'hold' && decision.preview)
      return previewed(id, command, question, { ...judged, decision }, inform);
    if (decision.kind === 'hold') return held(id, command, question, { ...judged, decision }, inform);
    return allow(id, command, question, judged, mintCommandPermit(decision));
  }

  /** People are asked when it was tried, or told why it cannot be. */
  function previewed(
    id: QuestionId,
    command: string,
    question: CommandQuestion,
    judged: HeldJudged,
    inform: (notice: Notice) => void,
  ): Verdict | Promise<Verdict> {
    const { grants } = input;
    const plan = planOf(judged.facts, judged.desk.place, gate.previews);
    // Approved without a preview: those who agreed were told that there is none.
    const isApproved = grants.kind === 'given' && bindingFor(input, question, judged).equals(grants.binding);
    if (plan.kind === 'none' || isApproved) {
      const preview = plan.kind === 'none' ? noPreview(plan.why) : undefined;
      return held(id, command, question, judged, inform, { preview, ran: false });
    }
    const { order, remarks } = plan;
    trials.set(id, { command, question, judged, remarks });
    return allow(id, command, question, judged, mintTrialPermit(judged.decision), { order });
  }

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
const neverTried = {
  status: 'failed',
  error: 'not_tried',
  rows: 0,
  returned: 0,
  written: 0,
  bytes: 0,
  maskedColumns: [],
  maskedCells: 0,
} as const;

const nothingHappened = {
  status: 'failed',
  rows: 0,
  bytes: 0,
  duration: 0,
  maskedColumns: [],
  maskedCells: 0,
} as const;
