import { z } from 'zod';
import { list } from '../http/answers.js';
import { pageQuery } from '../http/page.js';
import { line, text } from '../http/text.js';
import { catalogView } from './catalog-state.js';

const identifier = line(128).min(1);
const part = text(255).min(1);

export const databaseQuery = z.strictObject({
  database: identifier.optional().describe('By default the database of clients that name none.'),
});
export type DatabaseQuery = z.infer<typeof databaseQuery>;

const within = { ...pageQuery.shape, ...databaseQuery.shape };
const nameFilter = part.optional().describe('Only names that hold this, whatever their case.');

export const schemasQuery = z.strictObject({ ...within, name: nameFilter });
export type SchemasQuery = z.infer<typeof schemasQuery>;

export const relationsQuery = z.strictObject({
  ...schemasQuery.shape,
  schema: part.optional().describe('Only this schema.'),
});
export type RelationsQuery = z.infer<typeof relationsQuery>;

export const columnsQuery = z.strictObject({
  ...relationsQuery.shape,
  relation: part.optional().describe('Only this table or view.'),
  tagged: z.enum(['true', 'false']).optional().describe('Only columns that have tags, or that have none.'),
});
export type ColumnsQuery = z.infer<typeof columnsQuery>;

export const catalogSummary = z.object({
  ...catalogView.shape,
  schemas: z.int(),
  relations: z.int(),
  columns: z.int(),
  functions: z.int(),
  types: z.int(),
});

export const schemaView = z
  .object({ name: z.string(), relations: z.int().describe('How many tables, views and sequences are in it.') })
  .meta({ id: 'CatalogSchema' });
export type SchemaView = z.input<typeof schemaView>;

export const relationView = z
  .object({
    schema: z.string(),
    name: z.string(),
    kind: z.string().describe('`table`, `partitioned`, `view`, `materialized`, `foreign`, `sequence` or `composite`.'),
    owner: z.string().nullable(),
    columns: z.int(),
    tagged: z.int().describe('How many of its columns have tags of their own.'),
    parents: list(z.string()).describe('What it inherits from, or is a partition of.'),
    triggers: z.int(),
    rules: z.int(),
    rowSecurity: z.boolean(),
    definition: z.string().nullable().describe('Of a view: its query, as the server prints it.'),
  })
  .meta({ id: 'CatalogRelation' });
export type RelationView = z.input<typeof relationView>;

export const columnView = z
  .object({
    schema: z.string(),
    relation: z.string(),
    column: z.string(),
    type: z.string(),
    generated: z.boolean(),
    classes: list(z.string()).describe('Its own tags; those of what it inherits from hold beside them.'),
  })
  .meta({ id: 'CatalogColumn' });
export type ColumnView = z.input<typeof columnView>;
