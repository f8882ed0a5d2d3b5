import type { Clock, CommandId, Refusal, SessionId } from '@sallyport/kernel';
import type { BudgetLedger } from '@sallyport/policy';
import type { Approvals } from './approvals.js';
import type { Evidence } from './evidence.js';
import type { InForce } from './in-force.js';
import type { Moves } from './moves.js';
import type { PreviewBounds } from './trial-plan.js';
import type { Reader } from './reader.js';
import type { Sessions } from './sessions.js';
import type { Statements } from './statements.js';
import type { Tunnels } from './tunnels.js';

/** What this proxy was told, and how old that is. */
export interface Configuration {
  readonly current: InForce | undefined;
  /** Why nothing may be decided now: nothing was told yet, it ran out, or nobody was heard of for too long. */
  readonly unfit: Refusal | undefined;
  /** A statement changed what the catalog describes. */
  catalogMoved(connection: string, database: string): void;
}

/** All that the sessions of one proxy share. */
export interface Gate {
  readonly clock: Clock;
  readonly configuration: Configuration;
  readonly statements: Statements;
  /** Of texts that are too long for the loop. */
  readonly reader: Reader;
  /** Names that definitions moved since catalogs were read. */
  readonly moves: Moves;
  readonly evidence: Evidence;
  readonly approvals: Approvals;
  readonly tunnels: Tunnels;
  readonly sessions: Sessions;
  /** Counts what this proxy saw, and what it was told that the others did. */
  readonly budgets: BudgetLedger;
  /** Counts what a person should hear of. */
  readonly alarms: { add(): void };
  readonly previews: PreviewBounds;
  readonly mint: { session(): SessionId; command(): CommandId };
  /** This proxy's name. */
  readonly name: string;
  readonly log: GateLog;
}

export interface GateLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}
