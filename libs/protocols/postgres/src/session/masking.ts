import type { AnswerColumn, AnswerMask, MaskChoice } from '@sallyport/kernel';
import { refuse } from '@sallyport/kernel';
import { sameBytes } from '@sallyport/protocol-core';
import { CopyMask } from '../mask/copy.js';
import { readColumns, readCopy } from '../message/backend.js';
import { backend } from '../message/type.js';
import type { Exchange } from './exchange.js';
import type { Run } from './ledger.js';
import { withhold } from './withholding.js';

/** The last choice for described rows, and all that it rested on. */
interface Chosen {
  readonly mask: AnswerMask;
  readonly result: number;
  readonly description: Uint8Array;
  readonly columns: number;
  readonly choice: MaskChoice;
}

/** What is to be masked in an answer, by how the target describes it; where that cannot be said, nothing of it is shown. */
export class Masking {
  private chosen: Chosen | undefined;

  constructor(private readonly exchange: Exchange) {}

  chooseDescribed(run: Run, description: Uint8Array): void {
    if (this.chooseAgain(run, description)) return;
    const columns = readColumns(description);
    if (columns === undefined) return this.exchange.hostile('a malformed row description');
    this.chooseAnew(run, columns, description);
  }

  choosePortal(run: Run): void {
    const description = run.portal?.description;
    if (description?.[0] !== backend.rowDescription)
      return withhold(this.exchange, run, refuse('unmaskable', 'rows came without a description'));
    if (this.chooseAgain(run, description)) return;
    const columns = readColumns(description);
    if (columns === undefined)
      return withhold(this.exchange, run, refuse('unmaskable', 'rows came without a description'));
    this.chooseAnew(run, columns, description);
  }

  chooseCopy(run: Run, frame: Uint8Array): void {
    const copy = readCopy(frame);
    if (copy === undefined) return this.exchange.hostile('a malformed COPY response');
    const choice = this.choose(run, copy.columns, true);
    if (choice?.kind !== 'mask') return;
    const options = run.mask?.copyOptions?.(run.results);
    const mask = CopyMask.of(copy.overall, options, choice.plan, this.exchange.context.limits.targetMessage);
    if (mask) run.copy = mask;
    else withhold(this.exchange, run, refuse('unmaskable', 'how this COPY writes its rows is not known'));
  }

  /** A mask is pure: what it chose for this very description it would choose again. Most commands run many times. */
  private chooseAgain(run: Run, description: Uint8Array): boolean {
    const { chosen } = this;
    if (chosen?.mask !== run.mask || chosen?.result !== run.results) return false;
    if (!sameBytes(chosen.description, description)) return false;
    this.apply(run, chosen.choice, chosen.columns);
    return true;
  }

  private chooseAnew(run: Run, columns: readonly AnswerColumn[], description: Uint8Array): void {
    const { mask, results: result } = run;
    const choice = this.choose(run, columns, false);
    // A view of this chunk would keep all of it.
    if (mask && choice)
      this.chosen = { mask, result, description: description.slice(), columns: columns.length, choice };
  }

  private choose(run: Run, columns: readonly AnswerColumn[], copy: boolean): MaskChoice | undefined {
    const { mask } = run;
    if (mask === undefined) return undefined;
    const choice = this.exchange.guarded(() => mask.choose({ result: run.results, columns, copy }));
    if (choice !== undefined) this.apply(run, choice, columns.length);
    return choice;
  }

  private apply(run: Run, choice: MaskChoice, columns: number): void {
    run.choice = choice;
    if (choice.kind === 'refuse') {
      withhold(this.exchange, run, choice.refusal);
      if (choice.alarm) this.exchange.note({ kind: 'alarm', refusal: choice.refusal, question: run.id });
    } else if (choice.kind === 'mask') {
      if (choice.plan.cells.length !== columns)
        withhold(this.exchange, run, refuse('unmaskable', 'the mask does not match the answer'));
      for (const name of choice.plan.masked) run.maskedColumns.add(name);
    }
  }
}
