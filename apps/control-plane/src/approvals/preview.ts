import type { Preview } from '@sallyport/contracts';
import { z } from 'zod';
import { list } from '../http/answers.js';
import { keepable as text } from './keepable.js';

const named = text(255);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const mostColumns = 32;

/** What a proxy may say of a command that it tried. It is masked there: nothing raw comes here. */
export const previewSchema = z.strictObject({
  missing: text(1_024),
  tables: z
    .array(z.strictObject({ schema: named, name: named, inserted: count, updated: count, deleted: count }))
    .max(200),
  samples: z
    .array(
      z.strictObject({
        schema: named,
        name: named,
        after: z.boolean(),
        columns: z.array(named).max(mostColumns),
        rows: z
          .array(z.strictObject({ cells: z.array(z.strictObject({ value: text(1_024).optional() })).max(mostColumns) }))
          .max(20),
      }),
    )
    .max(16),
  remarks: z.array(text(1_024)).max(50),
});

export const previewView = z.object({
  missing: z.string().nullable().describe('Why there is none: then it could not be undone, or not be tried.'),
  tables: list(
    z.object({
      schema: z.string(),
      name: z.string(),
      inserted: z.int(),
      updated: z.int(),
      deleted: z.int(),
    }),
  ).describe('Rows as the target counted them, those of triggers and cascades too.'),
  samples: list(
    z.object({
      schema: z.string(),
      name: z.string(),
      rows: z.string().describe('`before` or `after`: how the rows were, or how they would be.'),
      columns: list(z.string()),
      cells: list(list(z.string().nullable())).describe('Row by row, masked.'),
    }),
  ),
  remarks: list(z.string()).describe('What is not shown, and why.'),
});

/** As it was kept. `null`: the policy owes none. */
export const presentPreview = (kept: unknown): z.input<typeof previewView> | null => {
  if (kept === null || kept === undefined) return null;
  const { missing, tables, samples, remarks }: Preview = previewSchema.parse(kept);
  return {
    missing: missing === '' ? null : missing,
    tables,
    samples: samples.map(({ schema, name, after, columns, rows }) => ({
      schema,
      name,
      rows: after ? 'after' : 'before',
      columns,
      cells: rows.map(({ cells }) => cells.map(({ value }) => value ?? null)),
    })),
    remarks,
  };
};
