import { z } from 'zod';
import { list, moment } from '../http/answers.js';
import { pageQuery } from '../http/page.js';
import { name, text } from '../http/text.js';
import { databaseQuery } from './catalog-view.js';

export const suggestionsQuery = z.strictObject({ ...pageQuery.shape, ...databaseQuery.shape });
export type SuggestionsQuery = z.infer<typeof suggestionsQuery>;

export const suggestionView = z
  .object({
    schema: z.string(),
    table: z.string(),
    column: z.string(),
    class: z.string(),
    reasons: list(z.enum(['name', 'values'])).describe(
      '`name`: the column is called like it; `values`: detectors of the agent found it in sampled values.',
    ),
    share: z.int().nullable().describe('Of the sampled values that are not null, in percent.'),
    sampled: z.int().nullable().describe('How many values were looked at. None of them left the agent.'),
  })
  .meta({ id: 'TagSuggestion' });
export type SuggestionView = z.input<typeof suggestionView>;

const part = text(255).min(1);
export const accepted = z.strictObject({
  ...databaseQuery.shape,
  items: z
    .array(z.strictObject({ schema: part.default('public'), table: part, column: part, class: name }))
    .min(1)
    .max(1_000)
    .describe('Suggestions, as they are listed.'),
});
export type Accepted = z.infer<typeof accepted>;

export const samplingView = z.object({
  database: z.string(),
  sampledAt: moment.nullable().describe('When values were last sampled; null: never.'),
  problem: z.string().nullable().describe('Why the last sampling failed; null: it did not.'),
});
