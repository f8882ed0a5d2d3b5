import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openTarget } from '@sallyport/postgres/login';
import type { StatementFacts } from '@sallyport/sql';
import { agentsCatalog } from '../testing/agents-catalog.js';
import { subagent } from '../testing/billing.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { columnsOf, statement } from '../testing/texts.js';
import { loadAnalyses } from './analyses.js';
import { asUnproved, isUnresolved } from './unprovable.js';

describe('facts about a relation that nobody knows', () => {
  const answer = columnsOf('users', 'id');
  const reach = answer.kind === 'columns' ? answer.columns.map(({ lineage }) => lineage.columns).flat() : [];
  const filters = { columns: reach, complete: true };
  const unresolved = ['users'];
  const cases: readonly (readonly [string, Partial<StatementFacts>, Partial<StatementFacts>])[] = [
    ['an answer', { answer }, { answer: { kind: 'unproved', reach: { columns: reach, complete: false } } }],
    ['a condition', { filters }, { filters: { columns: reach, complete: false } }],
    ['a copy', { copies: filters }, { copies: { columns: reach, complete: false } }],
    ['nothing', {}, {}],
    [
      'a cursor',
      { session: { kind: 'declare', name: 'c', hold: false, facts: statement({ filters, unresolved }) } },
      {
        session: {
          kind: 'declare',
          name: 'c',
          hold: false,
          facts: statement({ filters: { columns: reach, complete: false } }),
        },
      },
    ],
  ];
  test.each(cases)('%s', (_name, before, after) => {
    const facts = { statements: [statement({ ...before, unresolved })] };
    expect(isUnresolved(facts)).toBe(true);
    expect(asUnproved(facts)).toEqual({ statements: [statement(after)] });
    expect(asUnproved(facts)).toBe(asUnproved(facts));
  });
});

describe('who may see everything', () => {
  const policies = `
    permit (principal, action == Action::"connect", resource);
    permit (principal, action in [Action::"read", Action::"write", Action::"define"], resource);
    permit (principal in Group::"trusted", action == Action::"reveal", resource);
  `;
  let house: House;
  beforeAll(async () => {
    house = await openHouse({
      analyses: await loadAnalyses(),
      policies,
      subagents: [subagent('trusted'), subagent('reader')],
      open: openTarget,
      seed: ['create table people (id int, ssn text)', "insert into people values (1, 'canary')"],
      connection: {
        tags: [{ schema: 'public', table: 'people', column: 'ssn', classes: ['secret'] }],
        detectors: false,
      },
      readCatalog: agentsCatalog,
    });
  }, 60_000);
  afterAll(() => house.stop());

  const rowsOf = async (who: string): Promise<unknown> => {
    const client = await house.client(await house.token(who));
    await client.query('create temporary table fresh (id int, note text)');
    const read = async (): Promise<unknown> => {
      await client.query("insert into fresh values (1, 'x')");
      return (await client.query("select id, note from fresh where note = 'x'")).rows;
    };
    return read().catch((error: unknown) => (error as { code: string }).code);
  };

  test('reads a table that no catalog has yet; who may not is refused', async () => {
    expect(await rowsOf('trusted')).toEqual([{ id: 1, note: 'x' }]);
    expect(await rowsOf('reader')).toBe('0A000');
  });
});
