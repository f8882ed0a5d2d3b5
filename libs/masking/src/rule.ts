import type { AnswerColumn } from '@sallyport/kernel';
import type { MaskFormat } from './format.js';

/** What masking knows of one column by its origin. */
export type ColumnRule =
  | { readonly kind: 'clear' }
  | {
      readonly kind: 'mask';
      readonly format: MaskFormat;
      /** `schema.table.column`, for evidence. */
      readonly column: string;
      /** `false`: the origin is a view's column that is made from it, not the column itself. Then redacted whole. */
      readonly verbatim?: boolean;
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
  /** What the target says of the column may be said of this output. Absent: it may say anything. */
  readonly agrees?: (column: AnswerColumn) => boolean;
}

/**
 * The stricter of two. Formats that show different things (the last four digits, the domain, equality) are not comparable:
 * together they would show both, so neither is shown.
 */
export const strictest = (origin: ColumnRule, lineage: CellRule): CellRule => {
  const left: CellRule = origin.kind === 'mask' ? asWhole({ ...origin, verbatim: origin.verbatim ?? true }) : origin;
  const right: CellRule = lineage.kind === 'mask' ? asWhole(lineage) : lineage;
  if (left.kind === 'clear') return right;
  if (right.kind === 'clear') return left;
  return { ...right, format: stricterFormat(left.format, right.format) };
};

type MaskRule = Extract<CellRule, { kind: 'mask' }>;

const asWhole = (rule: MaskRule): MaskRule =>
  rule.verbatim || rule.format === 'null' ? rule : { ...rule, format: 'redact' };

export const stricterFormat = (left: MaskFormat, right: MaskFormat): MaskFormat => {
  if (left === right) return left;
  return left === 'null' || right === 'null' ? 'null' : 'redact';
};
