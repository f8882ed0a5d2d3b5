import { Queue } from '@sallyport/kernel';
import type { AnswerLimit, AnswerMask, Intake, MaskChoice, Parameter, Permit, QuestionId } from '@sallyport/kernel';
import type { CopiedRows } from '../copied/rows.js';
import type { CopyMask } from '../mask/copy.js';
import type { Complaint } from '../message/refusal.js';
import type { NameChange } from './names.js';
import type { OwnBatch } from './own.js';

export interface Statement {
  readonly text: string;
  readonly types: readonly number[];
  readonly mask: AnswerMask | undefined;
  /** A DEALLOCATE ran since: the name may have been given away. */
  doubtful: boolean;
}

export interface Portal {
  readonly statement: Statement;
  readonly parameters: readonly Parameter[];
  /** A description was asked for in this stretch between two Syncs. */
  describing: number | undefined;
  /** RowDescription or NoData of this very portal, as the target sent it. */
  description: Uint8Array | undefined;
}

/** An allowed command at the target. */
export interface Run {
  readonly kind: 'run';
  readonly form: 'simple' | 'extended';
  readonly id: QuestionId;
  readonly permit: Permit;
  readonly mask: AnswerMask | undefined;
  readonly limit: AnswerLimit | undefined;
  readonly intake?: Intake | undefined;
  readonly portal: Portal | undefined;
  /** Its text may change what names stand for: PREPARE, DEALLOCATE, DISCARD, DECLARE, CLOSE. */
  readonly renames: boolean;
  /** Names that its text may give. */
  readonly gives: readonly string[];
  /** Its text may change how later ones are read: search_path, role, encodings. The target says so before it is ready. */
  readonly drifts: boolean;
  /** A tag of this form changes where names are looked up: open portals were bound under what was before. */
  readonly rebinds: RegExp | undefined;
  /** Where its answer is. */
  stage: 'waiting' | 'rows' | 'copyIn' | 'copyOut' | 'failed';
  /** The target said that a statement of it is done, or failed. */
  answered: boolean;
  results: number;
  choice: MaskChoice | undefined;
  copy: CopyMask | undefined;
  /** Its COPY to the client is in binary format. */
  binaryCopy: boolean;
  /** Messages of that COPY that were shown: its rows, where it does not come to its end. */
  copied: number | undefined;
  /** COPYs of the client's data that began, and how the rows of the last one are told apart. */
  intakes: number;
  taking: CopiedRows | undefined;
  taken: number;
  /** Nothing of the answer is shown any more; the client was told this. */
  refused: string | undefined;
  error: string | undefined;
  rows: number;
  counted: number;
  /** Rows of COPY to the client. */
  exported: number;
  /** Rows that the target said it wrote. */
  written: number;
  bytes: number;
  tag: string | undefined;
  readonly maskedColumns: Set<string>;
  maskedCells: number;
}

/** What was sent, in order, so that every answer finds its question. */
export type Entry =
  | { readonly kind: 'parse'; readonly change: NameChange<Statement>; readonly mask: AnswerMask | undefined }
  | { readonly kind: 'bind'; readonly change: NameChange<Portal>; readonly mask: AnswerMask | undefined }
  | {
      readonly kind: 'describe';
      /** `undefined`: of a statement, or of what SQL declared. */
      readonly portal: Portal | undefined;
      readonly mask: AnswerMask | undefined;
      /** Asked by the gateway, so its answer is not for the client. */
      readonly own: boolean;
      typesCame: boolean;
    }
  | {
      readonly kind: 'close';
      readonly statement: NameChange<Statement> | undefined;
      readonly portal: NameChange<Portal> | undefined;
    }
  | Run
  | { readonly kind: 'sync'; failed: boolean; readonly drifts: boolean }
  /** Nothing was sent: the client is told so when its turn comes. */
  | {
      readonly kind: 'refuse';
      readonly complaint: Complaint;
      /** A ReadyForQuery follows at once, the target's own or ours. */
      readonly simple: boolean;
      /** Messages since the last Sync reached the target; an implicit transaction holds so many commands of them. */
      readonly grouped: boolean;
      readonly runs: number;
      /** The unnamed statement is gone, as it would be at a server. */
      readonly change: NameChange<Statement> | undefined;
    }
  | OwnBatch
  /** An error is provoked, so that the target rolls an implicit transaction back. */
  | { readonly kind: 'poison' };

/** Messages under way that the target has not answered; past that the client waits. */
export const mostUnanswered = 65_536;

export const newRun = (
  of: Pick<
    Run,
    'form' | 'id' | 'permit' | 'mask' | 'limit' | 'intake' | 'portal' | 'renames' | 'gives' | 'drifts' | 'rebinds'
  >,
): Run => ({
  kind: 'run',
  ...of,
  stage: 'waiting',
  answered: false,
  results: 0,
  choice: undefined,
  copy: undefined,
  binaryCopy: false,
  copied: undefined,
  intakes: 0,
  taking: undefined,
  taken: 0,
  refused: undefined,
  error: undefined,
  rows: 0,
  counted: 0,
  exported: 0,
  written: 0,
  bytes: 0,
  tag: undefined,
  maskedColumns: new Set(),
  maskedCells: 0,
});

export class Ledger {
  private readonly entries = new Queue<Entry>();
  private runCount = 0;
  private renameCount = 0;
  private boundaryCount = 0;
  private driftCount = 0;
  private movingCount = 0;

  get head(): Entry | undefined {
    return this.entries.head;
  }
  get length(): number {
    return this.entries.length;
  }
  /** Commands that were not answered yet. */
  get runs(): number {
    return this.runCount;
  }
  /** What became of a command is not known. */
  get isOpen(): boolean {
    const { head } = this;
    return this.runCount > (head?.kind === 'run' && head.stage === 'failed' ? 1 : 0);
  }
  /** Entries that a ReadyForQuery ends. */
  get boundaries(): number {
    return this.boundaryCount;
  }
  /** Stretches under way in which the session's state may change. */
  get drifts(): number {
    return this.driftCount;
  }
  /** Commands of the present stretch, not answered yet, that may change the session's state. */
  get moving(): number {
    return this.movingCount;
  }
  get renames(): number {
    return this.renameCount;
  }

  push(entry: Entry): void {
    this.entries.push(entry);
    if (isBoundary(entry)) {
      this.boundaryCount += 1;
      if (entry.drifts) this.driftCount += 1;
    }
    if (entry.kind !== 'run') return;
    this.runCount += 1;
    if (entry.renames) this.renameCount += 1;
    if (isMoving(entry)) this.movingCount += 1;
  }

  shift(): Entry | undefined {
    const entry = this.entries.shift();
    if (entry === undefined) return undefined;
    if (isBoundary(entry)) {
      this.boundaryCount -= 1;
      if (entry.drifts) this.driftCount -= 1;
    }
    if (entry.kind === 'run') {
      this.runCount -= 1;
      if (entry.renames) this.renameCount -= 1;
      if (isMoving(entry)) this.movingCount -= 1;
    }
    return entry;
  }

  /** Whatever else the target was sent fails together with the head: to stop it hits nothing that stands on its own. */
  get headIsLast(): boolean {
    const { head } = this;
    if (head?.kind !== 'run') return false;
    for (let at = 1, over = head.form === 'simple'; at < this.entries.length; at += 1) {
      const entry = this.entries.at(at);
      if (entry?.kind === 'refuse') continue;
      if (over || (entry?.kind === 'run' && entry.form === 'simple')) return false;
      over = entry?.kind === 'sync' || entry?.kind === 'own';
    }
    return true;
  }

  /** The Syncs behind the head, up to whatever else the target was sent. */
  takeSyncsBehindHead(): readonly Entry[] {
    const taken: Entry[] = [];
    for (let at = 1; ;) {
      const next = this.entries.at(at);
      if (next?.kind === 'refuse') at += 1;
      else if (next?.kind === 'sync') {
        this.entries.remove(next);
        this.boundaryCount -= 1;
        if (next.drifts) this.driftCount -= 1;
        taken.push(next);
      } else return taken;
    }
  }
}

/** A simple query is a stretch of its own. */
const isMoving = ({ form, drifts }: Run): boolean => form === 'extended' && drifts;

const isBoundary = (entry: Entry): entry is Extract<Entry, { drifts: boolean }> =>
  entry.kind === 'sync' || entry.kind === 'own' || (entry.kind === 'run' && entry.form === 'simple');
