import { createHmac } from 'node:crypto';
import type { AnswerMask, CopyOptions } from '@sallyport/kernel';
import { createAnswerMask, createDetectors, defaultDetectorClasses, stricterFormat } from '@sallyport/masking';
import type { CellRule, ColumnRule, Detectors, HashKey, OutputRule, ResultRule } from '@sallyport/masking';
import type { Decider, DecisionContext } from '@sallyport/policy';
import type { AnswerFacts, ColumnObject, Facts, Lineage, OutputColumn, StatementFacts } from '@sallyport/sql';
import { agreement } from './agreement.js';
import type { Place } from './place.js';

/** How answers are masked for one reader in one place. Made anew when policy, tags or catalog change. */
export interface Masks {
  /** `undefined`: this reader may see everything that can come, and no detector looks. */
  of(facts: Facts, text: string, context: DecisionContext): AnswerMask | undefined;
}

export interface MasksInput {
  readonly place: Place;
  readonly decider: Pick<Decider, 'reveals' | 'revealsClass'>;
  /** What flows into the columns of a view or of a table with generated ones, in order of its attributes. */
  readonly columnsOf: (place: Place, relation: number) => readonly OutputColumn[] | undefined;
}

const clear: CellRule = { kind: 'clear' };
const unproved = '(unproved)';

export const createMasks = ({ place, decider, columnsOf }: MasksInput): Masks => {
  const { connection } = place;
  const hash: HashKey = { key: Buffer.from(connection.hashKey, 'base64'), hmac };
  let cached = new WeakMap<Facts, AnswerMask>();
  let cachedAt = NaN;
  let detectors: Detectors | undefined;
  let strict = true;

  /** What this reader may see can change with the minute, where policy reads the clock. */
  const look = (context: DecisionContext): void => {
    const minute = Math.floor(context.now / 60_000);
    if (minute === cachedAt) return;
    cachedAt = minute;
    cached = new WeakMap();
    strict = place.tagged.some((tag) => !decider.reveals({ kind: 'column', ...tag }, context));
    const classes = connection.detectors
      ? defaultDetectorClasses.filter((name) => !decider.revealsClass(name, context))
      : [];
    detectors = classes.length > 0 ? detectorsFor(classes) : undefined;
  };

  return {
    of(facts, text, context) {
      look(context);
      if (!strict && detectors === undefined) return undefined;
      const known = cached.get(facts);
      if (known !== undefined) return known;
      const rules = rulesFor(place, decider, columnsOf, context, strict);
      const answering = facts.statements.filter(({ answer }) => answer.kind !== 'none');
      const mask: AnswerMask = {
        ...createAnswerMask({
          results: facts.statements.flatMap(({ answer }) => rules.result(answer)),
          origin: rules.origin,
          detectors,
          strict,
          maskUnprovedCopy: connection.unprovable === 'mask',
          hash,
          types: place.type,
          text,
        }),
        copyOptions: (result) => copyOptionsOf(answering[result]),
      };
      cached.set(facts, mask);
      return mask;
    },
  };
};

/**
 * A text COPY in another than its default form has one cell per row when it is read in the default one, which does not fit
 * its description and is withheld. CSV could be misread: its options must be known.
 */
const copyOptionsOf = (statement: StatementFacts | undefined): CopyOptions | undefined =>
  statement?.copyOptions ?? (statement?.copyFormat === 'text' ? defaultText : undefined);

const defaultText: CopyOptions = { format: 'text', header: false, delimiter: 0x09, null: Buffer.from('\\N') };

const hmac = (key: Uint8Array, bytes: Uint8Array): Uint8Array => createHmac('sha256', key).update(bytes).digest();

/** Few sets of classes exist, and making one compiles its patterns. */
const detectorSets = new Map<string, Detectors>();

export const detectorsFor = (classes: Parameters<typeof createDetectors>[0] = defaultDetectorClasses): Detectors => {
  const key = classes.join(' ');
  const known = detectorSets.get(key) ?? createDetectors(classes);
  detectorSets.set(key, known);
  return known;
};

interface Rules {
  result(answer: AnswerFacts): readonly ResultRule[];
  origin(relation: number, attribute: number): ColumnRule | 'unknown';
}

const rulesFor = (
  place: Place,
  decider: MasksInput['decider'],
  columnsOf: MasksInput['columnsOf'],
  context: DecisionContext,
  strict: boolean,
): Rules => {
  const ruleOf = ({ schema, table, column }: Omit<ColumnObject, 'kind'>): ColumnRule => {
    const tag = place.tag(schema, table, column);
    if (tag === undefined || tag.classes.length === 0) return { kind: 'clear' };
    if (decider.reveals({ kind: 'column', schema, table, column }, context)) return { kind: 'clear' };
    return { kind: 'mask', format: place.format(tag), column: `${schema}.${table}.${column}` };
  };

  const cell = (lineage: Lineage, verbatim: boolean): CellRule => {
    const masked = lineage.columns.map(ruleOf).filter((rule) => rule.kind === 'mask');
    const [first] = masked;
    // More may flow in than is listed: then everything that is masked for this reader may.
    if (!lineage.complete && strict)
      return { kind: 'mask', format: 'redact', column: first?.column ?? unproved, verbatim: false };
    if (first === undefined) return clear;
    return {
      kind: 'mask',
      format: masked.map(({ format }) => format).reduce(stricterFormat),
      column: [...new Set(masked.map(({ column }) => column))].slice(0, 5).join(', '),
      verbatim: verbatim && masked.length === 1,
    };
  };

  const typeOf = ({ columns, complete }: Lineage): number | undefined => {
    const [only, other] = columns;
    if (only === undefined || other !== undefined || !complete) return undefined;
    return place.find(only.schema, only.table, only.column)?.column.type;
  };

  return {
    result(answer) {
      switch (answer.kind) {
        case 'none':
          return [];
        case 'columns':
          return [
            {
              kind: 'columns',
              columns: answer.columns.map((output): OutputRule => {
                const { name, lineage, verbatim } = output;
                const type = verbatim ? typeOf(lineage) : undefined;
                const rule = cell(lineage, verbatim);
                const agrees = agreement(output, { place, made: (oid) => columnsOf(place, oid) });
                return { name, rule, agrees, ...(type === undefined ? {} : { type }) };
              }),
            },
          ];
        case 'unproved':
        case 'report':
          return [{ kind: answer.kind, rule: cell(answer.reach, false) }];
      }
    },
    origin(oid, attribute) {
      const found = place.locate(oid, attribute);
      if (found === undefined) return 'unknown';
      const { relation, column } = found;
      // A view has no values of its own, nor has a generated column.
      const made = columnsOf(place, oid)?.[relation.columns.indexOf(column)];
      if (made !== undefined) return cell(made.lineage, made.verbatim);
      if (relation.kind === 'view' || relation.kind === 'materialized') return 'unknown';
      return ruleOf({ schema: relation.schema, table: relation.name, column: column.name });
    },
  };
};
