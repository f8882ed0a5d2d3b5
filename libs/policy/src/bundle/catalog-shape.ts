import { z } from 'zod';
import type { Catalog } from '@sallyport/kernel';
import { catalogProblem } from './catalog-problem.js';

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
  columns: list(z.strictObject({ attribute: z.int(), name, type: count, generated: text.exactOptional() }), 5000),
  definition: text.exactOptional(),
  parents: list(count, 1000).exactOptional(),
  hasTriggers: z.boolean().exactOptional(),
  hasRules: z.boolean().exactOptional(),
  key: list(z.int(), 100).exactOptional(),
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

/** As `Catalog` says it. A target wrote what is in it: every length is capped, and what does not fit is refused, never cut. */
export const catalog: z.ZodType<Catalog> = z
  .strictObject({
    database: name,
    serverVersion: count,
    relations: list(relation, 1_000_000),
    functions: list(
      z.strictObject({
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
      }),
      1_000_000,
    ),
    types: list(
      z.strictObject({
        oid: count,
        schema: name,
        name,
        kind: z.enum(['base', 'composite', 'domain', 'enum', 'range', 'array']),
        of: count.exactOptional(),
        constraints: list(text, 1000).exactOptional(),
      }),
      1_000_000,
    ),
    searchPath: list(name, 1000),
    user: name.exactOptional(),
    schemas: list(name, 100_000).exactOptional(),
    operators: list(
      z.strictObject({
        schema: name,
        name,
        compiled: z.boolean(),
        left: count.exactOptional(),
        right: count.exactOptional(),
        result: count.exactOptional(),
        function: count.exactOptional(),
      }),
      100_000,
    ).exactOptional(),
    casts: list(z.strictObject({ source: count, target: count, schema: name, name }), 100_000).exactOptional(),
    eventTriggers: list(z.strictObject({ name, event: name, function: count }), 1000).exactOptional(),
  })
  .superRefine((value, context) => {
    const problem = catalogProblem(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', ...problem, path: [...problem.path] });
  });
