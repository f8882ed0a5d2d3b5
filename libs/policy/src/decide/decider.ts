import type { ColumnObject, Facts } from '@sallyport/sql';
import type { ConnectionChunk } from '../bundle/chunks.js';
import { executable } from '../compile/policy-set.js';
import type { Budget } from '../obligation/obligation.js';
import type { PrincipalChain } from '../principal.js';
import { pathId } from '../schema/uid.js';
import { actorOf } from './actor.js';
import type { Actor } from './actor.js';
import type { Decision, DecisionContext, PolicyRequest, RequestObject } from './decision.js';
import { explanationOf } from './explain.js';
import type { Explanation } from './explain.js';
import { approvalsOf, judge, minute, permitted } from './judge.js';
import type { Judgement } from './judge.js';
import { limitsFor } from './limits.js';
import type { TokenLimit } from './limits.js';
import { placesOf } from './place.js';
import { requestsOf } from './request.js';
import { sliceFor } from './slice.js';
import type { Slice } from './slice.js';
import { combine, refusedDecision, undelegated } from './verdict.js';

/** Decides for one chain of principals on one connection. Made when a session opens, and again when policy changes. */
export interface Decider {
  /** May this session open? */
  connect(context: DecisionContext): Decision<'connect'>;
  /** May this command run? Cached by the identity of `facts`. */
  decide(facts: Facts, context: DecisionContext): Decision<'command'>;
  /** May everyone in the chain see this column's clear value? Untagged columns are nobody's secret. */
  reveals(column: ColumnObject, context: DecisionContext): boolean;
  /** May everyone in the chain see clear values of this class, found by a detector where nothing is tagged? */
  revealsClass(name: string, context: DecisionContext): boolean;
  /** The decision with what every policy said to every request. Not cached: for people. */
  explain(facts: Facts, context: DecisionContext): Explanation;
}

export interface DeciderInput {
  readonly connection: ConnectionChunk;
  readonly chain: PrincipalChain;
  /** What the caller's token may at most. `undefined`: what its principals may. */
  readonly limits?: readonly TokenLimit[] | undefined;
  /** What it may use, whatever policy lets it use. */
  readonly budgets?: readonly Budget[] | undefined;
}

interface Seat {
  readonly actor: Actor;
  readonly slice: Slice;
}

interface Cached<T> {
  readonly minute: number;
  readonly value: T;
}

const mostCachedNames = 10_000;
const mostCachedDatabases = 64;

export const createDecider = ({ connection, chain, limits: told, budgets = [] }: DeciderInput): Decider => {
  const limits = limitsFor(told, connection.name);
  const policies = executable(connection.policies);
  const places = placesOf(connection);
  const seats: readonly Seat[] = chain.map((principal) => {
    const actor = actorOf(principal);
    return { actor, slice: sliceFor(policies, actor.self) };
  });
  const readsClock = seats.some(({ slice }) => slice.readsClock);
  /** Equal marks mean that policy cannot tell the two moments apart. */
  const mark = (now: number): number => (readsClock ? minute(now) : 0);

  const ask = (seat: Seat, action: string, object: RequestObject, context: DecisionContext): Judgement =>
    judge(seat.slice, places, seat.actor, { action, object }, context);
  /** A value is shown where policy says so without asking, and the token may. */
  const shows = (reveal: Judgement): boolean =>
    limits.allows('reveal') && permitted(reveal) && approvalsOf(reveal) === 0;

  const shownTo = new Map<string, Cached<boolean>>();
  const revealed = (object: RequestObject, key: string, context: DecisionContext): boolean => {
    const at = mark(context.now);
    const known = shownTo.get(key);
    if (known?.minute === at) return known.value;
    const value = seats.every((seat) => shows(ask(seat, 'reveal', object, context)));
    if (shownTo.size >= mostCachedNames) shownTo.clear();
    shownTo.set(key, { minute: at, value });
    return value;
  };

  const judgeCommand = (facts: Facts, context: DecisionContext) => {
    const { requests, prepared, filters, shown, refused } = requestsOf(facts, places);
    const judgements: Judgement[] = [];
    const later: Judgement[] = [];
    const extra: Judgement[] = [];
    let beyond = [...requests, ...prepared].find(({ action }) => !limits.allows(action))?.action;
    for (const seat of seats) {
      const put = ({ action, object }: PolicyRequest): unknown => judgements.push(ask(seat, action, object, context));
      requests.forEach(put);
      for (const { action, object } of prepared) later.push(ask(seat, action, object, context));
      for (const object of filters) {
        const reveal = ask(seat, 'reveal', object, context);
        if (shows(reveal)) extra.push(reveal);
        else {
          put({ action: 'filter', object });
          if (!limits.allows('filter')) beyond ??= 'filter';
        }
      }
      for (const object of shown) {
        const reveal = ask(seat, 'reveal', object, context);
        if (shows(reveal)) extra.push(reveal);
      }
    }
    const decision = refused
      ? refusedDecision(refused.reason, refused.hint)
      : beyond !== undefined
        ? undelegated('command', beyond, connection.name)
        : combine('command', connection.name, context, { now: judgements, later, extra, budgets });
    return { decision, judgements: [...judgements, ...later], extra };
  };

  const decisions = new WeakMap<Facts, Map<string, Cached<Decision<'command'>>>>();
  return {
    connect: (context) =>
      !limits.connects
        ? undelegated('connect', 'connect', connection.name)
        : combine('connect', connection.name, context, {
            now: seats.map((seat) => ask(seat, 'connect', { kind: 'connection' }, context)),
            later: [],
            extra: [],
            budgets,
          }),
    decide: (facts, context) => {
      const at = mark(context.now);
      const known = decisions.get(facts)?.get(context.database);
      if (known?.minute === at) return known.value;
      const { decision } = judgeCommand(facts, context);
      const mine = decisions.get(facts) ?? new Map<string, Cached<Decision<'command'>>>();
      if (mine.size >= mostCachedDatabases) mine.clear();
      decisions.set(facts, mine.set(context.database, { minute: at, value: decision }));
      return decision;
    },
    reveals: (column, context) =>
      places.classesOf(column).length === 0 ||
      revealed(column, pathId('column', context.database, column.schema, column.table, column.column), context),
    revealsClass: (name, context) =>
      revealed({ kind: 'class', name }, pathId('class', context.database, name), context),
    explain: (facts, context) => {
      const { decision, judgements, extra } = judgeCommand(facts, context);
      return explanationOf(decision, judgements, extra);
    },
  };
};
