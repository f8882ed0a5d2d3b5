import type { SubagentRecord } from '@sallyport/policy';
import { analysesOf, columnsOf, on } from './texts.js';

/** The callers, policies and texts of the proxy's own test. */

export const subagent = (name: string, more: Partial<SubagentRecord> = {}): SubagentRecord => ({
  id: `sub_${name}`,
  name,
  issuer: 'iss_1',
  claims: { sub: name },
  groups: [name],
  owner: undefined,
  disabled: false,
  notBefore: 0,
  ...more,
});

export const selectAll = 'SELECT id, card, email, amount FROM payments WHERE amount > 1 ORDER BY id';
const answer = columnsOf('payments', 'id', 'card', 'email', 'amount');
const reads = { effects: [on('select', 'payments')], answer };
export const analyses = analysesOf({
  [selectAll]: reads,
  'SELECT id, card FROM payments WHERE id = $1': {
    effects: [on('select', 'payments')],
    answer: columnsOf('payments', 'id', 'card'),
  },
  'COPY payments (id, card) TO STDOUT': {
    effects: [on('select', 'payments')],
    answer: columnsOf('payments', 'id', 'card'),
    copy: 'to_client',
    copyFormat: 'text',
  },
  'DECLARE c CURSOR FOR SELECT card FROM payments ORDER BY id': {
    kind: 'declare',
    session: {
      kind: 'declare',
      name: 'c',
      hold: false,
      facts: {
        kind: 'select',
        effects: [on('select', 'payments')],
        answer: columnsOf('payments', 'card'),
        copy: 'none',
        filters: { columns: [], complete: true },
        copies: { columns: [], complete: true },
        unresolved: [],
        session: undefined,
        moves: [],
        transaction: undefined,
        unknown: undefined,
      },
    },
  },
  'FETCH 2 FROM c': { kind: 'fetch', session: { kind: 'fetch', name: 'c' } },
  'FETCH 2 FROM unknown': { kind: 'fetch', session: { kind: 'fetch', name: 'unknown' } },
  'DROP TABLE payments': { kind: 'drop', effects: [on('drop', 'payments')] },
  'DELETE FROM payments WHERE id = 3': { kind: 'delete', effects: [on('delete', 'payments')] },
  'DELETE FROM payments WHERE id = 4': { kind: 'delete', effects: [on('delete', 'payments')] },
  'DELETE FROM payments WHERE id = 1': { kind: 'delete', effects: [on('delete', 'payments')] },
  'SELECT pg_sleep(30)': {
    effects: [],
    answer: {
      kind: 'columns',
      columns: [{ name: 'pg_sleep', lineage: { columns: [], complete: true }, verbatim: false }],
    },
  },
  'SELECT 1 AS one': {
    answer: { kind: 'columns', columns: [{ name: 'one', lineage: { columns: [], complete: true }, verbatim: false }] },
  },
  BEGIN: { kind: 'begin', transaction: 'begin' },
  COMMIT: { kind: 'commit', transaction: 'commit' },
});

export const policies = `
  @id("connect") permit (principal, action == Action::"connect", resource);
  @id("etl-reads") permit (principal in Group::"etl", action in Action::"read", resource in Connection::"billing");
  @id("deployers-write") @approval("1") @reason("production writes need a word")
  permit (principal in Group::"deployer", action in [Action::"read", Action::"write"], resource in Connection::"billing");
  @id("no-drops") @reason("DROP is not for production")
  forbid (principal, action == Action::"drop", resource);
`;
