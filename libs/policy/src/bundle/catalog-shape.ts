import { z } from 'zod';
import { relationProblem } from './catalog-problem.js';
import type { CatalogHead, CatalogPart } from './chunks.js';

/** Of one list in one part. */
export const mostEntries = 2_000;
export const mostParts = 10_000;

const name = z
  .string()
  .max(255)
  .refine((given) => !given.includes('\0'), 'holds NUL');
const text = z.string().max(1_000_000);
const count = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const list = <T extends z.ZodType>(item: T, most: number) => z.array(item).max(most);

const relation = z.strictObject({
  oid: count,
  schema: name,
  name,
  kind: z.enum(['table', 'partitioned', 'view', 'materialized', 'foreign', 'sequence', 'composite']),
  columns: list(
    z.strictObject({
      attribute: z.int(),
      name,
      type: count,
      generated: text.exactOptional(),
      limited: z.literal(true).exactOptional(),
    }),
    5000,
  ),
  definition: text.exactOptional(),
  parents: list(count, 1000).exactOptional(),
  hasTriggers: z.boolean().exactOptional(),
  hasRules: z.boolean().exactOptional(),
  key: list(z.int(), 100).exactOptional(),
  cascades: list(count, 10_000).exactOptional(),
  matched: list(z.int(), 5000).exactOptional(),
  checks: list(text, 1000).exactOptional(),
  indexed: list(text, 1000).exactOptional(),
  partitionedBy: text.exactOptional(),
  owner: name.exactOptional(),
  triggers: list(z.strictObject({ name, function: count }), 1000).exactOptional(),
  rules: list(
    z.strictObject({ name, event: z.enum(['select', 'update', 'insert', 'delete']), definition: text }),
    1000,
  ).exactOptional(),
  rowSecurity: z
    .strictObject({
      forced: z.boolean(),
      policies: list(
        z.strictObject({
          name,
          command: z.enum(['all', 'select', 'insert', 'update', 'delete']),
          using: text.exactOptional(),
          check: text.exactOptional(),
        }),
        1000,
      ),
    })
    .exactOptional(),
});

const made = z.strictObject({
  oid: count,
  schema: name,
  name,
  kind: z.enum(['function', 'procedure', 'aggregate', 'window']),
  language: name,
  volatility: z.enum(['immutable', 'stable', 'volatile']),
  securityDefiner: z.boolean(),
  arguments: list(count, 1000),
  identity: list(count, 1000).exactOptional(),
  owner: name.exactOptional(),
  returns: count.exactOptional(),
  results: list(z.strictObject({ name, type: count }), 5000).exactOptional(),
});

const type = z.strictObject({
  oid: count,
  schema: name,
  name,
  kind: z.enum(['base', 'composite', 'domain', 'enum', 'range', 'array']),
  of: count.exactOptional(),
  constraints: list(text, 1000).exactOptional(),
});

const operator = z.strictObject({
  schema: name,
  name,
  compiled: z.boolean(),
  left: count.exactOptional(),
  right: count.exactOptional(),
  result: count.exactOptional(),
  function: count.exactOptional(),
});

const cast = z.strictObject({ source: count, target: count, schema: name, name });

/** A target wrote what is in it: every length is capped, and what does not fit is refused, never cut. */
export const catalogPart: z.ZodType<CatalogPart> = z
  .strictObject({
    relations: list(relation, mostEntries).exactOptional(),
    functions: list(made, mostEntries).exactOptional(),
    types: list(type, mostEntries).exactOptional(),
    operators: list(operator, mostEntries).exactOptional(),
    casts: list(cast, mostEntries).exactOptional(),
  })
  .superRefine(({ relations = [] }, context) => {
    for (const [index, each] of relations.entries()) {
      const problem = relationProblem(each);
      if (problem === undefined) continue;
      context.addIssue({ code: 'custom', message: problem.message, path: ['relations', index, ...problem.path] });
      return;
    }
  });

export const catalogHead: z.ZodType<CatalogHead> = z.strictObject({
  database: name,
  serverVersion: count,
  searchPath: list(name, 1000),
  user: name.exactOptional(),
  schemas: list(name, 100_000).exactOptional(),
  eventTriggers: list(z.strictObject({ name, event: name, function: count }), 1000).exactOptional(),
  parts: list(z.string().regex(/^[0-9a-f]{64}$/), mostParts).refine(
    (digests) => new Set(digests).size === digests.length,
    'the same one stands twice',
  ),
});
