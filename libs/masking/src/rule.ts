import type { MaskFormat } from './format.js';

/** What masking knows of one column by its origin. */
export type ColumnRule =
  | { readonly kind: 'clear' }
  | {
      readonly kind: 'mask';
      readonly format: MaskFormat;
      /** `schema.table.column`, for evidence. */
      readonly column: string;
    };

/** What masking knows of one output by its lineage. */
export type CellRule =
  | { readonly kind: 'clear' }
  | {
      readonly kind: 'mask';
      readonly format: MaskFormat;
      readonly column: string;
      /** The output is the column itself. Otherwise an expression may show any part of it: redacted whole. */
      readonly verbatim: boolean;
    };

/**
 * One per statement that returns rows, in the order of the text. Who glues builds it from `AnswerFacts` of libs/sql:
 * - `columns` -> `columns`: an output whose lineage holds no masked column is clear; exactly one masked column, verbatim:
 *   that column's format; otherwise `verbatim: false`. Incomplete lineage is a mask unless nothing in reach is masked.
 * - `unproved` and `report`: one rule for every column that comes, from everything that is in reach.
 */
export type ResultRule =
  | { readonly kind: 'columns'; readonly columns: readonly OutputRule[] }
  | { readonly kind: 'unproved'; readonly rule: CellRule }
  | { readonly kind: 'report'; readonly rule: CellRule };

export interface OutputRule {
  readonly name: string;
  readonly rule: CellRule;
  /** Type OID where the catalog knows it. Only read where the target does not tell (COPY). */
  readonly type?: number;
}

/**
 * The stricter of two. Formats that show different things (the last four digits, the domain, equality) are not comparable:
 * together they would show both, so neither is shown.
 */
export const strictest = (origin: ColumnRule, lineage: CellRule): CellRule => {
  const own: CellRule =
    lineage.kind === 'mask' && !lineage.verbatim ? { ...lineage, format: whole(lineage.format) } : lineage;
  if (origin.kind === 'clear') return own;
  if (own.kind === 'clear') return { ...origin, verbatim: true };
  return { ...own, format: stricterFormat(origin.format, own.format) };
};

const whole = (format: MaskFormat): MaskFormat => (format === 'null' ? 'null' : 'redact');

export const stricterFormat = (left: MaskFormat, right: MaskFormat): MaskFormat => {
  if (left === right) return left;
  return left === 'null' || right === 'null' ? 'null' : 'redact';
};
