import { canonicalJson } from './canonical.js';
import type { AuditEvent, StatementIntent, StatementOutcome, StatementRefused } from './event.js';

/** One command as an auditor reads it. */
export interface CommandRecord {
  readonly session: string;
  readonly command: string;
  readonly request: StatementIntent | StatementRefused | undefined;
  readonly outcome: StatementOutcome | undefined;
  /** `unknown`: it may have run, and nobody saw its end. Never absent. */
  readonly status: 'completed' | 'failed' | 'unknown' | 'refused';
}

export type EvidenceProblem =
  /** Numbers `from` to `to` of the session are missing, both inclusive. */
  | { readonly kind: 'gap'; readonly session: string; readonly from: number; readonly to: number }
  /** The same place was filled with two different events. */
  | { readonly kind: 'conflict'; readonly session: string; readonly sequence: number }
  | { readonly kind: 'orphan'; readonly session: string; readonly command: string }
  | { readonly kind: 'repeated_outcome'; readonly session: string; readonly command: string }
  /** An event after `session.closed`. */
  | { readonly kind: 'after_close'; readonly session: string; readonly sequence: number };

export interface Reconciliation {
  readonly commands: readonly CommandRecord[];
  readonly problems: readonly EvidenceProblem[];
}

/**
 * What happened, from events in any order and with repetitions (delivery is at least once). A gap at the end cannot be
 * seen from the events alone: a session without `session.closed` may still be open, or its proxy died.
 */
export const reconcile = (events: Iterable<AuditEvent>): Reconciliation => {
  const sessions = new Map<string, Map<number, AuditEvent>>();
  const problems: EvidenceProblem[] = [];
  for (const event of events) {
    const places = sessions.get(event.session) ?? new Map<number, AuditEvent>();
    sessions.set(event.session, places);
    const there = places.get(event.sequence);
    if (there === undefined) places.set(event.sequence, event);
    else if (!isSame(there, event))
      problems.push({ kind: 'conflict', session: event.session, sequence: event.sequence });
  }
  const commands: CommandRecord[] = [];
  for (const [session, places] of sessions) {
    const ordered = [...places.values()].sort((left, right) => left.sequence - right.sequence);
    problems.push(...gaps(session, ordered));
    commands.push(...pair(session, ordered, problems));
  }
  return { commands, problems };
};

const gaps = (session: string, ordered: readonly AuditEvent[]): readonly EvidenceProblem[] => {
  const found: EvidenceProblem[] = [];
  let expected = 0;
  let closed = false;
  for (const { sequence, type } of ordered) {
    if (sequence > expected) found.push({ kind: 'gap', session, from: expected, to: sequence - 1 });
    if (closed) found.push({ kind: 'after_close', session, sequence });
    closed ||= type === 'session.closed';
    expected = sequence + 1;
  }
  return found;
};

const pair = (
  session: string,
  ordered: readonly AuditEvent[],
  problems: EvidenceProblem[],
): readonly CommandRecord[] => {
  const requests = new Map<string, StatementIntent | StatementRefused>();
  const outcomes = new Map<string, StatementOutcome>();
  for (const event of ordered) {
    if (event.type === 'statement.intent') requests.set(event.command, event);
    else if (event.type === 'statement.refused' && !requests.has(event.command)) requests.set(event.command, event);
    else if (event.type === 'statement.outcome') {
      if (outcomes.has(event.command)) problems.push({ kind: 'repeated_outcome', session, command: event.command });
      else outcomes.set(event.command, event);
    }
  }
  const records: CommandRecord[] = [];
  for (const [command, request] of requests) {
    const outcome = outcomes.get(command);
    const status =
      request.type === 'statement.refused' && outcome === undefined ? 'refused' : (outcome?.status ?? 'unknown');
    records.push({ session, command, request, outcome, status });
    if (request.type === 'statement.refused' && outcome !== undefined)
      problems.push({ kind: 'orphan', session, command });
  }
  for (const [command, outcome] of outcomes) {
    if (requests.has(command)) continue;
    problems.push({ kind: 'orphan', session, command });
    records.push({ session, command, request: undefined, outcome, status: outcome.status });
  }
  return records;
};

const isSame = (left: AuditEvent, right: AuditEvent): boolean => canonicalJson(left) === canonicalJson(right);
