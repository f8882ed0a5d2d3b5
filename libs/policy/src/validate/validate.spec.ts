import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { checkParseSchema, schemaToJson } from '@cedar-policy/cedar-wasm/nodejs';
import { actionRecords } from '../schema/actions.js';
import { cedarSchema } from '../schema/schema.js';
import { validatePolicySet } from './validate.js';

const problems = (text: string) => {
  const result = validatePolicySet(text);
  return result.ok ? [] : result.problems;
};

const oneLine = (text: string): string =>
  problems(text)
    .map(({ line, column, message }) => `${line}:${column} ${message}`)
    .join(' | ');

describe('the schema', () => {
  test('parses, and has the hierarchy of actions that the evaluator uses', () => {
    expect(checkParseSchema(cedarSchema)).toEqual({ type: 'success' });
    const answer = schemaToJson(cedarSchema);
    if (answer.type !== 'success') throw new Error('no schema');
    const actions = answer.json['']?.actions ?? {};
    expect(Object.keys(actions).sort()).toEqual(actionRecords.map(({ name }) => name).sort());
    for (const { name, group } of actionRecords) {
      expect(actions[name]?.memberOf?.map(({ id }) => id) ?? []).toEqual(group === undefined ? [] : [group]);
    }
  });
});

describe('a policy set is taken', () => {
  test('the examples of the specification', () => {
    const text = readFileSync(new URL('../../corpus/specification.cedar', import.meta.url), 'utf8');
    const result = validatePolicySet(text);
    expect(problems(text)).toEqual([]);
    expect(result.ok && result.policies.map(({ id }) => id)).toEqual(['policy0', 'policy1', 'policy2', 'policy3']);
  });

  test('in the order of the text, past ten policies, ids from @id', () => {
    const text = Array.from({ length: 12 }, (_, n) => `@id("p-${n}") permit (principal, action, resource);`).join('\n');
    const result = validatePolicySet(text);
    expect(result.ok && result.policies.map(({ id }) => id)).toEqual(Array.from({ length: 12 }, (_, n) => `p-${n}`));
  });

  test.each([
    'permit (principal, action in Action::"read", resource in Schema::"billing/app/public");',
    'permit (principal, action in Action::"read", resource) when { resource.name == "payments" };',
    'permit (principal, action, resource is Table) when { resource.schema == "public" && resource.name like "pay*" };',
    'permit (principal is Subagent in Group::"x", action == Action::"http.get", resource is Endpoint) when { resource.path like "/v1/*" };',
    'permit (principal, action in Action::"administer", resource == Connection::"billing") when { context.database == "app" };',
    '@budget("rows=10000/1h, writes=50/1h") @durable @preview @approval("2") @reason("r") @id("x") @shadow permit (principal, action, resource);',
    'permit (principal, action == Action::"approve", resource in Environment::"production");',
    'permit (principal, action == Action::"reveal", resource in Class::"card_number");',
    'permit (principal is Subagent, action == Action::"connect", resource) when { principal has owner && principal.owner == "usr_1" };',
    '',
    '// nothing but a comment: "; (((',
  ])('%s', (text) => {
    expect(problems(text)).toEqual([]);
  });
});

describe('a preview', () => {
  const warned = (text: string) => {
    const result = validatePolicySet(text);
    return result.ok && result.warnings.map(({ line, column, message }) => `${line}:${column} ${message}`);
  };
  const write = 'permit (principal, action in Action::"write", resource);';

  test('of what nothing holds is told, and taken: another set may hold it', () => {
    expect(warned(`@id("a") @preview ${write}`)).toEqual(['1:10 @preview holds nothing by itself']);
    expect(warned(`@id("a") @preview ${write}\n@id("b") @approval("1") ${write}`)).toEqual([]);
    expect(warned(`@id("a") @approval("1") @preview ${write}`)).toEqual([]);
  });
});

describe('a policy set is refused, with the place', () => {
  test.each([
    ['permit (principal, action, resource)', '1:37 unexpected end of input (expected `;` or identifier)'],
    ['\n  permit (principal, action, resuorce);', /^2:30 /],
    ['permit (principal, action == Action::"raed", resource);', /^1:1 .*\| 1:30 unrecognized action/],
    ['// é€😀\npermit (principal, action, resource in Conection::"x");', /2:40 unrecognized entity type `Conection`/],
    ['permit (principal, action, resource) when { resource.colour == "x" };', /^1:45 attribute `colour`/],
    ['permit (principal, action, resource) when { context.now > 3 };', /^1:45 unexpected type/],
    ['permit (principal == ?principal, action, resource);', '1:22 templates are not supported'],
    ['@aproval("1") permit (principal, action, resource);', /^1:1 unknown annotation @aproval/],
    ['@id("a")\n// note\n  @approval ( "0" ) permit (principal, action, resource);', /^3:3 @approval takes/],
    ['@approval("10") permit (principal, action, resource);', /^1:1 @approval takes/],
    ['@approval permit (principal, action, resource);', /^1:1 @approval needs a value/],
    ['@approval("1") forbid (principal, action, resource);', /^1:1 @approval says something only on a permit/],
    ['@budget("rows=1/1h") forbid (principal, action, resource);', /^1:1 @budget says something only on a permit/],
    ['@durable forbid (principal, action, resource);', /^1:1 @durable says something only on a permit/],
    ['@preview forbid (principal, action, resource);', /^1:1 @preview says something only on a permit/],
    ['@durable("no") permit (principal, action, resource);', /^1:1 @durable takes no value/],
    ['@reason permit (principal, action, resource);', /^1:1 @reason needs a value/],
    ['@reason("a\\u{202e}b") forbid (principal, action, resource);', /^1:1 @reason holds control characters/],
    ['@budget("cows=1/1h") permit (principal, action, resource);', /^1:1 a budget counts rows/],
    ['@budget("rows=1/1w") permit (principal, action, resource);', /^1:1 "rows=1\/1w" is not of the form/],
    [
      '@approval("1") permit (principal, action == Action::"connect", resource);',
      /^1:1 @approval does not fit connect/,
    ],
    [
      '@id("a") permit (principal, action, resource);\n@reason("; x") @id("a") forbid (principal, action, resource);',
      /^2:16 another policy/,
    ],
    ['@id("a b") permit (principal, action, resource);', /^1:1 @id takes/],
    ['permit (principal, action == Action::"insert", resource is Class);', /applicable action/],
    ['permit (principal, action, resource) when { 1 == 2 };', /impossible/],
    [
      'permit (principal, action, resource) when { principal.name == "a" || 9007199254740993 == 2 };',
      /^1:1 a number is larger/,
    ],
    [
      `permit (principal, action, resource) when { ${'('.repeat(3000)}true${')'.repeat(3000)} };`,
      /^1:92 nested more than/,
    ],
    [`permit (principal, action, resource) when { ${'true && '.repeat(3000)}true };`, /^1:1 more than 300 operators/],
    [
      `permit (principal, action, resource) when { ${'if true then true else '.repeat(900)}true };`,
      /^1:1 more than 300 operators/,
    ],
    [`@reason("${'x'.repeat(501)}") forbid (principal, action, resource);`, /^1:1 @reason is longer/],
    ['permit (principal, action, resource); garbage', /^1:46 unexpected end/],
    ['permit (principal, action, resource) when { "unclosed };', /^1:/],
  ])('case %#', (text, expected) => {
    expect(oneLine(text)).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
    // Whatever was refused, the engine still works afterwards.
    expect(problems('permit (principal, action, resource);')).toEqual([]);
  });

  test.each([
    ['deep brackets', '('.repeat(48) + 'true' + ')'.repeat(48)],
    ['many operators', 'true && '.repeat(149) + 'true'],
    ['many ifs', 'if true then true else '.repeat(290) + 'true'],
    ['many sums', `1${' + 1'.repeat(290)} == 1`],
    ['deep sets', '['.repeat(46) + '1' + ']'.repeat(46) + ' == [1]'],
    ['long attribute chain', `context.now${'.toTime()'.repeat(280)} == 1`],
  ])('at the bounds the engine survives: %s', (_, condition) => {
    validatePolicySet(`permit (principal, action, resource) when { ${condition} };`);
    expect(problems('permit (principal, action, resource);')).toEqual([]);
  });
});

test('a text full of mistakes is answered with the first hundred of them', () => {
  const bad = Array.from(
    { length: 1_500 },
    (_, n) => `@aproval("é") forbid (principal, action == Action::"a${n}", resource);`,
  );
  const found = problems(bad.join('\n'));
  expect(found).toHaveLength(100);
});
