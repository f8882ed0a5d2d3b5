import { z } from 'zod';
import type { ColumnObject, Facts, Lineage, SqlObject, StatementFacts } from '@sallyport/sql';
import { sqlActions } from '@sallyport/sql';
import type { ConnectionChunk } from '../src/bundle/chunks.js';
import type { CompiledPolicy } from '../src/compile/types.js';
import type { Principal, PrincipalChain } from '../src/principal.js';

/**
 * The table of policies, questions and verdicts (corpus/decisions.yaml), already parsed from YAML, checked and turned into
 * what the room is asked with. `sql` is what the same row sends in an end-to-end run.
 */
const principal = z.strictObject({
  kind: z.enum(['user', 'subagent']),
  groups: z.array(z.string()),
  owner: z.string().optional(),
});

const expectation = z.strictObject({
  verdict: z.enum(['allow', 'hold', 'deny']),
  code: z.enum(['denied', 'unknown']).optional(),
  reason: z.string().optional(),
  approvals: z.int().optional(),
  policies: z.array(z.string()).optional(),
  shadow: z.array(z.string()).optional(),
  errors: z.array(z.string()).optional(),
  budgets: z.array(z.string()).optional(),
  durable: z.boolean().optional(),
  preview: z.boolean().optional(),
});

const question = z.strictObject({
  /** The caller first, then on whose behalf. */
  who: z.union([z.string(), z.array(z.string())]),
  sql: z.string().optional(),
  /** `connect`: may the session open. */
  connect: z.literal(true).optional(),
  /** `select table public.payments`, `select column public.payments.card`, `call function public.f`, `alter database` */
  does: z.array(z.string()).default([]),
  filters: z.array(z.string()).default([]),
  copies: z.array(z.string()).default([]),
  shows: z.array(z.string()).default([]),
  unresolved: z.array(z.string()).default([]),
  unknown: z.string().optional(),
  session: z.enum(['set', 'execute']).optional(),
  /** More statements in the same text. */
  and: z.array(z.string()).default([]),
  /** `PREPARE` of something that does this. */
  prepares: z.array(z.string()).optional(),
  /** Time of day, UTC, on 2026-11-23. */
  at: z.string().default('12:00'),
  database: z.string().default('app'),
  expect: expectation,
  reveals: z.record(z.string(), z.boolean()).optional(),
});

const section = z.strictObject({
  name: z.string(),
  policies: z.string(),
  principals: z.record(z.string(), principal),
  tags: z.record(z.string(), z.array(z.string())).default({}),
  questions: z.array(question),
});

export const truthTable = z.strictObject({ sections: z.array(section) });
export type Section = z.infer<typeof section>;
export type Row = z.infer<typeof question>;

export const connectionOf = (table: Section, policies: readonly CompiledPolicy[]): ConnectionChunk => ({
  id: 'con_1',
  name: 'billing',
  protocol: 'postgres',
  environment: 'production',
  database: 'app',
  databases: ['app'],
  agents: ['agent-1'],
  audit: 'spool',
  hold: 45_000,
  detectors: true,
  tags: Object.entries(table.tags).map(([name, classes]) => ({ ...parts(name), classes })),
  classes: {},
  hashKey: '',
  policies,
  policyVersion: 1,
});

export const chainOf = (table: Section, row: Row): PrincipalChain => {
  const [first, ...rest] = (typeof row.who === 'string' ? [row.who] : row.who).map((name): Principal => {
    const found = table.principals[name];
    if (!found) throw new Error(`no principal ${name}`);
    return { id: `id_${name}`, name, kind: found.kind, groups: found.groups, owner: found.owner };
  });
  if (!first) throw new Error('nobody asks');
  return [first, ...rest];
};

export const momentOf = (row: Row): number => Date.parse(`2026-11-23T${row.at}:00Z`);

export const factsOf = (row: Row): Facts => {
  const answer = lineageOf(row.shows);
  const first = statement({
    effects: row.does.map(effectOf),
    filters: lineageOf(row.filters),
    copies: lineageOf(row.copies),
    unresolved: row.unresolved,
    unknown: row.unknown,
    answer:
      row.shows.length === 0
        ? { kind: 'none' }
        : answer.complete
          ? {
              kind: 'columns',
              columns: answer.columns.map((column) => ({
                name: column.column,
                verbatim: true,
                lineage: lineageFor([column]),
              })),
            }
          : { kind: 'unproved', reach: answer },
    session: sessionOf(row),
  });
  return { statements: [first, ...row.and.map((does) => statement({ effects: [effectOf(does)] }))] };
};

const sessionOf = (row: Row): StatementFacts['session'] => {
  if (row.prepares) {
    return { kind: 'prepare', name: 'p', text: 'x', facts: statement({ effects: row.prepares.map(effectOf) }) };
  }
  if (row.session === 'execute') return { kind: 'execute', name: 'p' };
  return row.session === 'set' ? { kind: 'set', name: 'x', value: 'y', local: false } : undefined;
};

export const statement = (given: Partial<StatementFacts>): StatementFacts => ({
  kind: 'select',
  effects: [],
  answer: { kind: 'none' },
  copy: 'none',
  filters: lineageFor([]),
  copies: lineageFor([]),
  unresolved: [],
  session: undefined,
  moves: [],
  transaction: undefined,
  unknown: undefined,
  ...given,
});

export const lineageFor = (columns: readonly ColumnObject[]): Lineage => ({ columns, complete: true });

/** `*` among the columns: more may flow than is listed. */
const lineageOf = (names: readonly string[]): Lineage => ({
  columns: names.filter((name) => name !== '*').map(columnOf),
  complete: !names.includes('*'),
});

const parts = (name: string): Omit<ColumnObject, 'kind'> => {
  const [schema = '', table = '', column = ''] = name.split('.');
  return { schema, table, column };
};

export const columnOf = (name: string): ColumnObject => ({ kind: 'column', ...parts(name) });

const effectOf = (text: string): StatementFacts['effects'][number] => {
  const [verb, kind, name = ''] = text.split(' ');
  const action = sqlActions.find((known) => known === verb);
  if (!action) throw new Error(`unknown action in ${text}`);
  const { schema, table, column } = parts(name);
  const object = ((): SqlObject => {
    switch (kind) {
      case 'database':
        return { kind };
      case 'schema':
        return { kind, schema };
      case 'table':
        return { kind, schema, table };
      case 'column':
        return { kind, schema, table, column };
      case 'function':
        return { kind, schema, name: table };
      default:
        throw new Error(`unknown object in ${text}`);
    }
  })();
  return { action, object };
};
