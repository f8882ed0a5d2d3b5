import { refuse } from '@sallyport/kernel';
import type { AnswerColumn, AnswerMask, CellMask, MaskChoice, Refusal } from '@sallyport/kernel';
import { carrierOf, firstUserOid } from './carrier.js';
import type { TypeLookup } from './carrier.js';
import { createCellMask } from './cell.js';
import type { Detectors } from './detect/detectors.js';
import type { HashKey } from './format.js';
import { scrubMessage } from './message.js';
import { netMask } from './net/net.js';
import { strictest } from './rule.js';
import type { CellRule, ColumnRule, OutputRule, ResultRule } from './rule.js';

export interface AnswerMaskOptions {
  readonly results: readonly ResultRule[];
  /**
   * By the target's own metadata. `unknown`: the catalog does not hold this relation or attribute. For a column of a view
   * say what flows into it, or `unknown`; never `clear` because the view itself is untagged.
   */
  readonly origin: (relation: number, attribute: number) => ColumnRule | 'unknown';
  /** Absent: no detectors on this connection. */
  readonly detectors?: Detectors | undefined;
  /** Some column of this connection is masked for this reader: what cannot be told is masked or refused. */
  readonly strict: boolean;
  /** A COPY whose columns could not be proved is masked whole. Otherwise it is refused. */
  readonly maskUnprovedCopy?: boolean;
  /** For the `hash` format; without it such columns are redacted. */
  readonly hash?: HashKey | undefined;
  /** The catalog's types, so that a mask is valid for user-defined ones too. */
  readonly types?: TypeLookup | undefined;
  /** The command's own text: what an error quotes from it is no secret of the target, where the command reads no rows. */
  readonly text?: string | undefined;
}

/** What the target described, as `AnswerMask.choose` gets it. */
type Answer = Parameters<AnswerMask['choose']>[0];

/** Stands in evidence for a column that is masked because nobody could tell what it is. */
const unproved = '(unproved)';
const clear: CellRule = { kind: 'clear' };
const hidden: CellRule = { kind: 'mask', format: 'redact', column: unproved, verbatim: false };

export const createAnswerMask = (options: AnswerMaskOptions): AnswerMask => ({
  choose(answer) {
    const proved = prove(options, answer);
    return proved.kind === 'proved' ? plan(options, answer, proved.outputs) : proved;
  },
  scrub: (message) => scrubMessage(message, options),
});

type Refused = Extract<MaskChoice, { kind: 'refuse' }>;
type Proof = { readonly kind: 'proved'; readonly outputs: readonly OutputRule[] } | Refused;

/** One rule per column that the target described, or why there is none. */
const prove = ({ results, strict, maskUnprovedCopy }: AnswerMaskOptions, { result, columns, copy }: Answer): Proof => {
  const rule = results[result];
  const everywhere = (each: CellRule): Proof => ({
    kind: 'proved',
    outputs: columns.map(({ name }) => ({ name, rule: each })),
  });
  if (rule === undefined)
    return strict ? disagreement(`answer ${result + 1} of ${results.length} came`) : everywhere(clear);
  switch (rule.kind) {
    case 'columns':
      if (!strict && rule.columns.every((output) => output.rule.kind === 'clear'))
        return rule.columns.length === columns.length ? { kind: 'proved', outputs: rule.columns } : everywhere(clear);
      return agreed(rule.columns, columns, copy);
    case 'unproved':
      // COPY says nothing of its own about its columns, so nothing at all is known of these.
      if (copy && maskUnprovedCopy) return everywhere(strict ? hidden : rule.rule);
      if (copy && (strict || rule.rule.kind === 'mask')) return { kind: 'refuse', refusal: unprovedCopy };
      return everywhere(rule.rule);
    case 'report':
      return everywhere(rule.rule);
  }
};

/** COPY says how many columns come, and no more. */
const agreed = (proved: readonly OutputRule[], columns: readonly AnswerColumn[], copy: boolean): Proof => {
  if (proved.length !== columns.length)
    return disagreement(`${columns.length} columns came where ${proved.length} were proved`);
  const at = copy ? -1 : columns.findIndex((column, index) => proved[index]?.agrees?.(column) === false);
  return at < 0 ? { kind: 'proved', outputs: proved } : disagreement(`column ${at + 1} is another one than was proved`);
};

/** What the target's description is compared with is the catalog: one of them is not right, or not of this moment. */
const disagreement = (what: string): Refused => ({
  kind: 'refuse',
  alarm: true,
  refusal: refuse('answer_mismatch', `the answer is not the one that was proved: ${what}`, {
    hint: 'The tables may have been changed a moment ago: ask again in a few seconds. A write may have happened.',
  }),
});

const unprovedCopy: Refusal = refuse(
  'unmaskable',
  'the answer cannot be proved masked: the columns of this COPY could not be proved',
  { hint: 'Name the columns and tables outright, without functions or dynamic statements.' },
);

/** Nothing to mask and nothing to look through: `clear`, and whole chunks go by unread. */
const plan = (options: AnswerMaskOptions, { columns, copy }: Answer, outputs: readonly OutputRule[]): MaskChoice => {
  const masked = new Set<string>();
  let busy = false;
  const cells = columns.map((column, index): CellMask | undefined => {
    const output = outputs[index] ?? { name: column.name, rule: hidden };
    const rule = strictest(originRule(options, column, copy), output.rule);
    const type = column.type === 0 ? (output.type ?? 0) : column.type;
    const carrier = carrierOf(type, options.types);
    const cell =
      rule.kind === 'mask'
        ? createCellMask(rule.format, carrier, { type, format: column.format }, options.hash)
        : options.detectors &&
          netMask(options.detectors, { carrier, format: column.format, type, types: options.types });
    if (rule.kind === 'mask') masked.add(rule.column);
    busy ||= cell !== undefined;
    return cell;
  });
  return busy ? { kind: 'mask', plan: { cells, masked: [...masked] } } : { kind: 'clear' };
};

/** Relations of the server's own that hold other tables' values or secrets: OIDs are fixed (pg_class.dat). */
const tellingCatalogs = new Set([
  2619, // pg_statistic
  3429, // pg_statistic_ext_data
  2613, // pg_largeobject
  1260, // pg_authid
  1418, // pg_user_mapping
]);

const originRule = (
  { origin, strict }: AnswerMaskOptions,
  { origin: from }: AnswerColumn,
  copy: boolean,
): ColumnRule => {
  if (from === undefined || copy) return { kind: 'clear' };
  const told = origin(from.relation, from.attribute);
  if (told !== 'unknown') return told;
  // The server's own catalogs cannot be tagged; what flows through their views is for lineage to say.
  const harmless = from.relation < firstUserOid && !tellingCatalogs.has(from.relation);
  return !strict || harmless ? { kind: 'clear' } : { kind: 'mask', format: 'redact', column: unproved };
};
