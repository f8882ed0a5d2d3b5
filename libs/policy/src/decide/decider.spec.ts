import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ColumnObject, Facts } from '@sallyport/sql';
import { lineageFor, statement } from '../../testing/truth-table.js';
import type { ConnectionChunk } from '../bundle/chunks.js';
import type { Principal } from '../principal.js';
import { validatePolicySet } from '../validate/validate.js';
import { createDecider } from './decider.js';
import { policiesFor } from './policies-for.js';

const policies = (text: string) => {
  const set = validatePolicySet(text);
  if (!set.ok) throw new Error(JSON.stringify(set.problems));
  return set.policies;
};
/** Each rule is validated once, however many sets it is part of. */
const validated = new Map<string, ConnectionChunk['policies'][number]>();
const setOf = (rules: readonly string[]): ConnectionChunk['policies'] =>
  rules.map((rule, order) => {
    const [policy] = validated.has(rule) ? [validated.get(rule)] : policies(rule);
    if (!policy) throw new Error('no policy');
    validated.set(rule, policy);
    return { ...policy, id: `policy${order}` };
  });
const chunk = (text: string, more: Partial<ConnectionChunk> = {}): ConnectionChunk => ({
  id: 'con_1',
  name: 'billing',
  protocol: 'postgres',
  environment: 'production',
  database: 'app',
  databases: ['app'],
  agents: [],
  audit: 'spool',
  hold: 1,
  detectors: true,
  tags: [{ schema: 'public', table: 'payments', column: 'card', classes: ['card_number'] }],
  classes: {},
  hashKey: '',
  policies: more.policies ?? policies(text),
  policyVersion: 1,
  ...more,
});
const etl: Principal = { kind: 'subagent', id: 'sub_1', name: 'etl', groups: ['etl'], owner: undefined };
const table = (name: string) => ({ kind: 'table', schema: 'public', table: name }) as const;
const card: ColumnObject = { kind: 'column', schema: 'public', table: 'payments', column: 'card' };
const reading = (...names: readonly string[]): Facts => ({
  statements: names.map((name) => statement({ effects: [{ action: 'select', object: table(name) }] })),
});
const noon = Date.parse('2026-11-23T12:00:00Z');
const app = (now: number) => ({ now, database: 'app' });

describe('the cache of decisions', () => {
  test('holds a decision for good where no policy reads the clock', () => {
    const decider = createDecider({ connection: chunk('permit (principal, action, resource);'), chain: [etl] });
    const facts = reading('t');
    expect(decider.decide(facts, app(noon + 86_400_000))).toBe(decider.decide(facts, app(noon)));
    expect(decider.decide(facts, { now: noon, database: 'other' })).not.toBe(decider.decide(facts, app(noon)));
  });

  test('forgets it with the minute where one does, and sees nothing finer', () => {
    const text = `permit (principal, action, resource) when { context.now < datetime("2026-11-23T12:01:30Z") };`;
    const decider = createDecider({ connection: chunk(text), chain: [etl] });
    const facts = reading('t');
    expect(decider.decide(facts, app(noon + 59_999))).toBe(decider.decide(facts, app(noon)));
    // The minute that holds the limit is decided by its start, whoever asks first in it.
    expect(decider.decide(facts, app(noon + 119_999)).kind).toBe('allow');
    expect(decider.decide(facts, app(noon + 120_000)).kind).toBe('deny');
    expect(decider.reveals(card, app(noon + 119_999))).toBe(true);
    expect(decider.reveals(card, app(noon + 120_000))).toBe(false);
  });

  test('a policy about somebody else does not make it forget', () => {
    const text = `permit (principal, action, resource);
      forbid (principal == User::"dana", action, resource) when { context.now < datetime("2026-11-23") };`;
    const decider = createDecider({ connection: chunk(text), chain: [etl] });
    const facts = reading('t');
    expect(decider.decide(facts, app(noon + 86_400_000))).toBe(decider.decide(facts, app(noon)));
  });
});

describe('classes that a detector finds', () => {
  const text = `permit (principal, action, resource in Connection::"billing") unless { action == Action::"reveal" };
    permit (principal in Group::"fraud", action == Action::"reveal", resource in Class::"card_number");
    permit (principal in Group::"all", action == Action::"reveal", resource in Connection::"billing");
    forbid (principal in Group::"never", action == Action::"reveal", resource in Environment::"production");`;
  const connection = chunk(text);
  test.each([
    [['fraud'], true, false],
    [['all'], true, true],
    [['etl'], false, false],
    [['fraud', 'all', 'never'], false, false],
  ])('%p', (groups, cards, mail) => {
    const decider = createDecider({ connection, chain: [{ ...etl, groups }] });
    expect(decider.revealsClass('card_number', app(noon))).toBe(cards);
    expect(decider.revealsClass('email', app(noon))).toBe(mail);
    expect(decider.reveals(card, app(noon))).toBe(cards);
  });
});

test('what is revealed in one database is not revealed in another', () => {
  const text = 'permit (principal, action, resource in Database::"billing/app");';
  const decider = createDecider({ connection: chunk(text), chain: [etl] });
  expect(decider.reveals(card, app(noon))).toBe(true);
  expect(decider.reveals(card, { now: noon, database: 'other' })).toBe(false);
  expect(decider.revealsClass('card_number', app(noon))).toBe(true);
  expect(decider.revealsClass('card_number', { now: noon, database: 'other' })).toBe(false);
});

test('policies are named in the order of the set, however they were found', () => {
  const text = `@id("one") permit (principal, action, resource == Table::"billing/app/public/t");
    @id("two") permit (principal, action, resource in Environment::"production");
    @id("three") permit (principal, action, resource);
    @id("four") permit (principal, action, resource in Schema::"billing/app/public");`;
  const decider = createDecider({ connection: chunk(text), chain: [etl] });
  const { requests } = decider.explain(reading('t'), app(noon));
  expect(requests.at(-1)?.permits).toEqual(['one', 'two', 'three', 'four']);
});

describe('what holds for every set of policies', () => {
  const rule = fc.constantFrom(
    'permit (principal, action, resource);',
    'permit (principal in Group::"a", action in Action::"read", resource);',
    '@approval("1") permit (principal in Group::"b", action, resource in Schema::"billing/app/public");',
    '@approval("2") permit (principal, action == Action::"delete", resource == Table::"billing/app/public/t");',
    'permit (principal in Group::"c", action in [Action::"write", Action::"connect"], resource);',
    'permit (principal, action == Action::"reveal", resource in Class::"card_number");',
    'forbid (principal in Group::"d", action, resource == Table::"billing/app/public/t");',
    'forbid (principal in Group::"b", action == Action::"filter", resource);',
    '@durable permit (principal in Group::"a", action, resource);',
  );
  const someone = fc.record({
    kind: fc.constantFrom('user' as const, 'subagent' as const),
    id: fc.constantFrom('1', '2'),
    name: fc.constantFrom('x', 'y'),
    groups: fc.subarray(['a', 'b', 'c', 'd']),
    owner: fc.constant(undefined),
  });
  const command = fc
    .record({
      effects: fc.array(
        fc.record({
          action: fc.constantFrom('select' as const, 'insert' as const, 'delete' as const, 'drop' as const),
          object: fc.constantFrom(table('t'), table('payments'), card),
        }),
        { maxLength: 3 },
      ),
      filters: fc.constantFrom(lineageFor([]), lineageFor([card]), { columns: [], complete: false }),
      copies: fc.constantFrom(lineageFor([]), lineageFor([card])),
    })
    .map((given) => statement(given));
  const strictness = { allow: 0, hold: 1, deny: 2 } as const;

  test('a longer chain, one more effect and one more forbid are never more lenient', () => {
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 5 }),
        someone,
        someone,
        command,
        command,
        (rules, child, parent, first, second) => {
          const connection = chunk('', { policies: setOf(rules) });
          const ask = (chain: readonly [Principal, ...Principal[]], facts: Facts, on = connection) =>
            createDecider({ connection: on, chain }).decide(facts, app(noon));
          const one = { statements: [first] };
          const alone = ask([child], one);
          const both = ask([child, parent], one);
          const up = ask([parent], one);
          expect(strictness[both.kind]).toBe(Math.max(strictness[alone.kind], strictness[up.kind]));
          if (both.kind === 'hold') expect(both.approvals).toBe(Math.max(alone.approvals, up.approvals));
          expect(both.kind !== 'deny' && both.durable).toBe(both.kind !== 'deny' && (alone.durable || up.durable));
          const longer = ask([child], { statements: [first, second] });
          expect(strictness[longer.kind]).toBeGreaterThanOrEqual(strictness[alone.kind]);
          expect(longer.kind === 'deny' || longer.approvals >= alone.approvals).toBe(true);
          const forbidden = chunk('', {
            policies: setOf([...rules, 'forbid (principal, action, resource is Table);']),
          });
          expect(strictness[ask([child], one, forbidden).kind]).toBeGreaterThanOrEqual(strictness[alone.kind]);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('slicing for a connection changes no decision', () => {
    const others = [
      'permit (principal, action, resource in Connection::"crm");',
      'permit (principal, action, resource in Environment::"test");',
      'forbid (principal, action, resource == Table::"crm/app/public/t");',
    ];
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), someone, command, (rules, who, first) => {
        const whole = chunk('', { policies: setOf([...rules, ...others]) });
        const sliced = { ...whole, policies: policiesFor(whole.policies, whole) };
        expect(sliced.policies).toHaveLength(rules.length);
        const facts = { statements: [first] };
        const ask = (connection: ConnectionChunk) =>
          createDecider({ connection, chain: [who] }).decide(facts, app(noon));
        expect(ask(sliced)).toEqual(ask(whole));
      }),
      { numRuns: 200 },
    );
  });
});

describe('a policy that cannot be read', () => {
  test.each([
    null,
    {},
    { effect: 'warn' },
    { effect: 'permit', principal: { op: 'All' }, action: { op: 'All' }, resource: { op: 'near' }, conditions: [] },
  ])('denies everything: %p', (json) => {
    const connection = chunk('permit (principal, action, resource);');
    const broken = { ...connection, policies: [...connection.policies, { id: 'broken', json }] };
    const decision = createDecider({ connection: broken, chain: [etl] }).decide(reading('t'), app(noon));
    expect(decision).toMatchObject({ kind: 'deny', policies: ['broken'] });
  });
});

describe('what is told to the caller', () => {
  test('holds no control characters and no endless names', () => {
    const decider = createDecider({
      connection: chunk('permit (principal, action == Action::"connect", resource);'),
      chain: [etl],
    });
    const decision = decider.decide(reading(`a\u001b[31m\u202e\n${'x'.repeat(5_000)}`), app(noon));
    expect(decision.reason).toMatch(
      /^no policy permits subagent etl to read table public\.a\ufffd\[31m\ufffd\ufffdx+…/u,
    );
    expect(decision.reason?.length).toBeLessThan(300);
  });

  test('counts what else is not permitted', () => {
    const decider = createDecider({
      connection: chunk('permit (principal, action == Action::"connect", resource);'),
      chain: [etl],
    });
    expect(decider.decide(reading('a', 'b', 'c'), app(noon))).toMatchObject({
      hint: '2 more requests of this command not permitted',
    });
  });
});

describe('many policies', () => {
  test('a thousand of them: each command finds its own', () => {
    const rules = Array.from({ length: 1_000 }, (_, n) => {
      const head =
        n % 3 === 0 ? 'principal in Group::"etl"' : n % 3 === 1 ? `principal in Group::"g${n}"` : 'principal';
      return `permit (${head}, action in Action::"read", resource == Table::"billing/app/public/t${n}") when { context.database == "app" };`;
    });
    const connection = chunk(['permit (principal, action == Action::"connect", resource);', ...rules].join('\n'));
    const decider = createDecider({ connection, chain: [etl] });
    const commands = Array.from({ length: 300 }, (_, n) => reading(`t${n * 3}`, `t${(n * 3 + 3) % 900}`));
    for (const facts of commands) expect(decider.decide(facts, app(noon)).kind).toBe('allow');
    expect(decider.decide(reading('t1'), app(noon)).kind).toBe('deny');
  });
});
