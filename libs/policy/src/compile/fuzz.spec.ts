import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { naiveOutcome } from '../../testing/naive.js';
import { satisfies } from '../cedar/engine.js';
import { actionEntities, actorOf } from '../decide/actor.js';
import type { Actor } from '../decide/actor.js';
import type { RequestObject } from '../decide/decision.js';
import { brokenForbids, judge, permitted, sceneOf } from '../decide/judge.js';
import { placesOf } from '../decide/place.js';
import { sliceFor } from '../decide/slice.js';
import { compilePolicy } from './policy.js';
import { admits } from './scope.js';
import { requestOf } from './scene.js';

/** Random policies in Cedar's JSON form: most make sense, many do not, as both must be judged alike. */
const uid = (type: string, ...ids: readonly string[]): fc.Arbitrary<{ type: string; id: string }> =>
  fc.constantFrom(...ids).map((id) => ({ type, id }));

const anyPrincipal = fc.oneof(
  uid('Subagent', 'etl', 'deployer', 'a'),
  uid('User', 'dana', 'etl'),
  uid('Group', 'etl', 'ops'),
);
const anyAction = uid('Action', 'read', 'write', 'select', 'insert', 'drop', 'reveal', 'connect', 'define');
const anyResource = fc.oneof(
  uid('Connection', 'billing', 'crm'),
  uid('Environment', 'production', 'test'),
  uid('Database', 'billing/app', 'billing/x%2Fy'),
  uid('Schema', 'billing/app/public', 'billing/app/a%2Fb'),
  uid('Table', 'billing/app/public/payments', 'billing/app/public/users'),
  uid('Column', 'billing/app/public/payments/card', 'billing/app/public/users/email'),
  uid('Class', 'card_number', 'pii', 'email'),
  uid('Function', 'billing/app/public/refund'),
);
const anyUid = fc.oneof(anyPrincipal, anyAction, anyResource);
const anyType = fc.constantFrom('User', 'Subagent', 'Table', 'Column', 'Connection', 'Group', 'Class');
const attribute = fc.constantFrom(
  'name',
  'id',
  'owner',
  'schema',
  'table',
  'protocol',
  'now',
  'database',
  'nothing',
  '__proto__',
  'constructor',
);

const scope = (uids: fc.Arbitrary<unknown>, several: boolean): fc.Arbitrary<unknown> =>
  fc.oneof(
    { arbitrary: fc.constant({ op: 'All' }), weight: 8 },
    { arbitrary: uids.map((entity) => ({ op: '==', entity })), weight: 1 },
    { arbitrary: uids.map((entity) => ({ op: 'in', entity })), weight: 3 },
    several
      ? { arbitrary: fc.array(uids, { maxLength: 3 }).map((entities) => ({ op: 'in', entities })), weight: 2 }
      : {
          arbitrary: fc.tuple(anyType, fc.option(uids, { nil: undefined })).map(([type, entity]) => ({
            op: 'is',
            entity_type: type,
            ...(entity === undefined ? {} : { in: { entity } }),
          })),
          weight: 2,
        },
  );

const datetimes = fc.constantFrom(
  '2026-11-23',
  '1969-12-31T23:59:59.999Z',
  '2026-11-23T09:00:00Z',
  '2026-11-23T10:00:00.500+0130',
  '0000-01-01',
  '9999-12-31T23:59:59Z',
  '2024-02-29',
  '2023-02-29',
  '2026-13-01',
  'x',
);
const durations = fc.constantFrom(
  '9h',
  '17h',
  '1d2h3m4s5ms',
  '-1ms',
  '0s',
  '9223372036854775807ms',
  '-9223372036854775808ms',
  '9223372036854775808ms',
  '',
  '5',
  '1m1h',
  '86400000ms',
);

const leaf = fc.oneof(
  { arbitrary: fc.constantFrom('principal', 'action', 'resource', 'context').map((Var) => ({ Var })), weight: 3 },
  { arbitrary: fc.boolean().map((Value) => ({ Value })), weight: 2 },
  {
    arbitrary: fc.constantFrom(0, 1, -1, 2, 3, 9007199254740991, -9007199254740991).map((Value) => ({ Value })),
    weight: 2,
  },
  {
    arbitrary: fc.constantFrom('', 'etl', 'payments', 'app', 'a*b', 'é😀', 'usr_1').map((Value) => ({ Value })),
    weight: 2,
  },
  { arbitrary: anyUid.map((__entity) => ({ Value: { __entity } })), weight: 2 },
  { arbitrary: datetimes.map((Value) => ({ datetime: [{ Value }] })), weight: 1 },
  { arbitrary: durations.map((Value) => ({ duration: [{ Value }] })), weight: 1 },
  { arbitrary: fc.constant({ '.': { left: { Var: 'context' }, attr: 'now' } }), weight: 2 },
);

/** Comparisons of times that are often equal or next to each other, as real policies have them. */
const now = { '.': { left: { Var: 'context' }, attr: 'now' } };
const moments = fc.constantFrom<unknown>(
  now,
  { datetime: [{ Value: '2026-11-23T09:00:00Z' }] },
  { datetime: [{ Value: '2026-11-23T10:30:00+0130' }] },
  { datetime: [{ Value: '1970-01-01' }] },
  { toDate: [now] },
);
const spans = fc.constantFrom<unknown>(
  { toTime: [now] },
  { duration: [{ Value: '9h' }] },
  { duration: [{ Value: '540m' }] },
  { duration: [{ Value: '0s' }] },
  { durationSince: [now, { datetime: [{ Value: '2026-11-23' }] }] },
);
const comparison = fc
  .tuple(
    fc.constantFrom('==', '!=', '<', '<=', '>', '>='),
    fc.oneof(fc.tuple(moments, moments), fc.tuple(spans, spans)),
  )
  .map(([operator, [left, right]]) => ({ [operator]: { left, right } }));

const pattern = fc.array(
  fc.oneof(
    fc.constant('Wildcard'),
    fc.constantFrom('a', 'e', 'p', 't', 'l', '*', '😀').map((Literal) => ({ Literal })),
  ),
  { maxLength: 5 },
);

const { expression } = fc.letrec<{ expression: unknown }>((tie) => {
  const sub = tie('expression');
  const pair = (...names: readonly string[]) =>
    fc.tuple(fc.constantFrom(...names), sub, sub).map(([name, left, right]) => ({ [name]: { left, right } }));
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true, maxDepth: 5 },
      { arbitrary: leaf, weight: 4 },
      { arbitrary: comparison, weight: 2 },
      { arbitrary: pair('&&', '||'), weight: 3 },
      { arbitrary: pair('==', '!=', 'in'), weight: 4 },
      { arbitrary: pair('<', '<=', '>', '>='), weight: 3 },
      { arbitrary: pair('+', '-', '*'), weight: 2 },
      { arbitrary: pair('contains', 'containsAll', 'containsAny'), weight: 2 },
      {
        arbitrary: fc.tuple(fc.constantFrom('!', 'neg', 'isEmpty'), sub).map(([name, arg]) => ({ [name]: { arg } })),
        weight: 2,
      },
      { arbitrary: fc.tuple(sub, attribute).map(([left, attr]) => ({ '.': { left, attr } })), weight: 2 },
      {
        arbitrary: fc
          .tuple(
            sub,
            fc.oneof(attribute, fc.array(fc.constantFrom('name', 'now', 'a'), { minLength: 1, maxLength: 3 })),
          )
          .map(([left, attr]) => ({ has: { left, attr } })),
        weight: 2,
      },
      { arbitrary: fc.tuple(sub, pattern).map(([left, p]) => ({ like: { left, pattern: p } })), weight: 1 },
      {
        arbitrary: fc.tuple(sub, anyType, fc.option(sub, { nil: undefined })).map(([left, entity_type, inner]) => ({
          is: { left, entity_type, ...(inner === undefined ? {} : { in: inner }) },
        })),
        weight: 1,
      },
      {
        arbitrary: fc.tuple(sub, sub, sub).map(([a, b, c]) => ({ 'if-then-else': { if: a, then: b, else: c } })),
        weight: 1,
      },
      { arbitrary: fc.array(sub, { maxLength: 3 }).map((Set) => ({ Set })), weight: 2 },
      {
        arbitrary: fc.dictionary(fc.constantFrom('a', 'name', 'b'), sub, { maxKeys: 2 }).map((Record) => ({ Record })),
        weight: 1,
      },
      {
        arbitrary: fc
          .tuple(
            fc.constantFrom('toTime', 'toDate', 'toMilliseconds', 'toSeconds', 'toMinutes', 'toHours', 'toDays'),
            sub,
          )
          .map(([name, a]) => ({ [name]: [a] })),
        weight: 2,
      },
      {
        arbitrary: fc
          .tuple(fc.constantFrom('offset', 'durationSince'), sub, sub)
          .map(([name, a, b]) => ({ [name]: [a, b] })),
        weight: 1,
      },
    ),
  };
});

const conditions = fc.array(
  fc.record({
    kind: fc.constantFrom('when', 'unless'),
    body: fc.oneof(
      { arbitrary: expression, weight: 4 },
      { arbitrary: comparison, weight: 2 },
      { arbitrary: fc.constant({ Value: true }), weight: 1 },
    ),
  }),
  { maxLength: 2 },
);

const anyPolicy = fc.record({
  effect: fc.constantFrom('permit', 'forbid'),
  principal: scope(anyPrincipal, false),
  action: scope(anyAction, true),
  resource: scope(anyResource, false),
  conditions,
});

const places = placesOf({
  name: 'billing',
  protocol: 'postgres',
  environment: 'production',
  tags: [
    { schema: 'public', table: 'payments', column: 'card', classes: ['card_number', 'pii'] },
    { schema: 'public', table: 'users', column: 'email', classes: ['email'] },
  ],
});

const objects: readonly RequestObject[] = [
  { kind: 'connection' },
  { kind: 'database' },
  { kind: 'schema', schema: 'public' },
  { kind: 'schema', schema: 'a/b' },
  { kind: 'table', schema: 'public', table: 'payments' },
  { kind: 'column', schema: 'public', table: 'payments', column: 'card' },
  { kind: 'column', schema: 'public', table: 'users', column: 'email' },
  { kind: 'column', schema: 'public', table: 'users', column: 'name' },
  { kind: 'function', schema: 'public', name: 'refund' },
  { kind: 'class', name: 'card_number' },
];

const question = fc.record({
  actor: fc.constantFrom(
    actorOf({ kind: 'subagent', id: 'sub_1', name: 'etl', groups: ['etl'], owner: 'usr_1' }),
    actorOf({ kind: 'subagent', id: 'sub_2', name: 'a', groups: [], owner: undefined }),
    actorOf({ kind: 'user', id: 'usr_1', name: 'dana', groups: ['ops', 'etl'], owner: undefined }),
  ),
  object: fc.constantFrom(...objects),
  action: fc.constantFrom('select', 'insert', 'drop', 'reveal', 'connect', 'approve'),
  context: fc.record({
    now: fc.constantFrom(
      0,
      Date.parse('2026-11-23T08:59:59Z'),
      Date.parse('2026-11-23T09:00:00Z'),
      Date.parse('1969-06-01T12:34:00Z'),
    ),
    database: fc.constantFrom('app', 'x/y', ''),
  }),
});

const runs = { numRuns: 1500, endOnFailure: false } as const;

describe('the compiled closures', () => {
  test('judge every policy as the naive evaluator and as cedar-wasm do', () => {
    const seen = { satisfied: 0, unsatisfied: 0, error: 0 };
    fc.assert(
      fc.property(anyPolicy, question, (json, { actor, object, action, context }) => {
        const policy = compilePolicy({ id: 'p', json });
        expect(policy.runsOn).toBe('closures');
        const scene = sceneOf(actor, actionEntities(action), places.entitiesOf(object, context.database), context);
        const request = requestOf(scene);
        const fits = (['principal', 'action', 'resource'] as const).every((slot) => {
          const entity = scene.entities.get(scene[slot].key);
          return entity !== undefined && admits(policy[slot], entity.uid.type, entity.uid.key, entity.ancestors);
        });
        const outcome = fits ? policy.condition(scene) : 'unsatisfied';
        seen[outcome] += 1;
        expect(naiveOutcome(json, request)).toBe(outcome);
        expect(satisfies(json as unknown as PolicyJson, request)).toBe(outcome);
      }),
      runs,
    );
    // The generator is worth nothing if it only makes nonsense.
    expect(Math.min(seen.satisfied, seen.unsatisfied, seen.error)).toBeGreaterThan(40);
  });

  test('decide a whole set as cedar-wasm does, but for forbids that fail', () => {
    const seen = { allow: 0, deny: 0, broken: 0 };
    fc.assert(
      fc.property(
        fc.array(anyPolicy, { minLength: 1, maxLength: 8 }),
        question,
        (set, { actor, object, action, context }) => {
          const policies = set.map((json, n) => compilePolicy({ id: `p${n}`, json }));
          const judgement = judge(sliceFor(policies, actor.self), places, actor, { action, object }, context);
          const answer = cedar(set as unknown as readonly PolicyJson[], actor, object, action, context);
          expect(judgement.errors.map(({ id }) => id).sort()).toEqual(answer.errors);
          const broken = brokenForbids(judgement).length > 0;
          if (broken) seen.broken += 1;
          seen[permitted(judgement) ? 'allow' : 'deny'] += 1;
          expect(permitted(judgement)).toBe(answer.decision === 'allow' && !broken);
          const deciding = answer.decision === 'allow' ? judgement.permits : judgement.forbids;
          expect(deciding.map(({ id }) => id).sort()).toEqual(answer.reason);
        },
      ),
      { ...runs, numRuns: 600 },
    );
    expect(Math.min(seen.allow, seen.deny, seen.broken)).toBeGreaterThan(20);
  });
});

const cedar = (
  set: readonly PolicyJson[],
  actor: Actor,
  object: RequestObject,
  action: string,
  context: { readonly now: number; readonly database: string },
) => {
  const scene = sceneOf(actor, actionEntities(action), places.entitiesOf(object, context.database), context);
  const { principal, action: act, resource, context: given, entities } = requestOf(scene);
  const answer = isAuthorized({
    principal: { ...principal },
    action: { ...act },
    resource: { ...resource },
    context: given as Parameters<typeof isAuthorized>[0]['context'],
    entities: [...entities],
    policies: { staticPolicies: Object.fromEntries(set.map((json, n) => [`p${n}`, json])) },
    validateRequest: false,
  });
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors));
  const { decision, diagnostics } = answer.response;
  return {
    decision,
    reason: [...diagnostics.reason].sort(),
    errors: diagnostics.errors.map(({ policyId }) => policyId).sort(),
  };
};
