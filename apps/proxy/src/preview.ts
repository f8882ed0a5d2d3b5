import { clip } from '@sallyport/audit';
import type { Preview, PreviewSample } from '@sallyport/contracts';
import type { Attempted, TriedSample } from '@sallyport/kernel';
import type { Desk } from './desk.js';
import { showText } from './shown.js';
import type { Statements } from './statements.js';

const longestCell = 200;

export interface PreviewInput {
  readonly attempt: Attempted;
  readonly remarks: readonly string[];
  readonly desk: Desk;
  readonly statements: Statements;
  readonly database: string;
  readonly now: number;
}

/** What approvers see of it: what the caller could see, and of that nothing tagged, and nothing that a detector knows. */
export const previewOf = (input: PreviewInput): Preview => {
  const { attempt } = input;
  const remarks = [...input.remarks, ...attempt.remarks];
  const samples = attempt.samples.flatMap((sample): PreviewSample[] => {
    const { schema, name } = sample.table;
    const rows = rowsOf(sample, input);
    if (rows === undefined) {
      remarks.push(`rows of ${schema}.${name} are not shown: what its caller may see of them cannot be proved`);
      return [];
    }
    return [{ schema, name, after: sample.after, columns: [...sample.table.columns], rows }];
  });
  return {
    missing: '',
    tables: attempt.tables.map((table) => ({ ...table })),
    samples,
    remarks: [...new Set(remarks)].slice(0, 50).map((remark) => clip(remark, 1_000)),
  };
};

export const noPreview = (why: string): Preview => ({
  missing: clip(why, 1_000),
  tables: [],
  samples: [],
  remarks: [],
});

/** As if the caller had read them. */
const rowsOf = (
  sample: TriedSample,
  { desk, statements, database, now }: PreviewInput,
): PreviewSample['rows'] | undefined => {
  const { place, decider, masks } = desk;
  const { schema, name, columns } = sample.table;
  const text = `select ${columns.map(quoted).join(', ')} from ${quoted(schema)}.${quoted(name)}`;
  const read = statements.read(text, place, []);
  if (read.kind === 'refused') return undefined;
  const { facts } = read.statement;
  if (decider.decide(facts, { now, database }).kind === 'deny') return undefined;
  const choice = masks.of(facts, text, { now, database })?.choose({ result: 0, columns: sample.columns, copy: false });
  if (choice?.kind === 'refuse') return undefined;
  const cells = choice?.kind === 'mask' ? choice.plan.cells : [];
  const isTagged = columns.map((column) => (place.tag(schema, name, column)?.classes.length ?? 0) > 0);
  if (sample.columns.length !== columns.length) return undefined;
  return sample.rows.map((row) => ({
    cells: row.map((raw, index) => {
      if (raw === null) return { value: undefined };
      const cell = cells[index];
      const shown = cell === undefined ? raw : cell(raw);
      if (shown === null) return { value: undefined };
      // Its caller may see it. Whoever approves need not be somebody who may.
      if (shown === raw && isTagged[index] === true) return { value: hidden };
      return { value: clip(showText(Buffer.from(shown).toString('utf8')).text.replaceAll('\u0000', ''), longestCell) };
    }),
  }));
};

const hidden = '[masked]';
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What people agreed to: if it is another number of rows by then, they did not. */
export const effectOf = ({ tables }: Preview): string =>
  tables
    .map(({ schema, name, inserted, updated, deleted }) => JSON.stringify([schema, name, inserted, updated, deleted]))
    .sort()
    .join('\n');
