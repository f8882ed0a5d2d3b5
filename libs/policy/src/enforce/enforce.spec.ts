import { describe, expect, test } from '@jest/globals';
import { controls } from '@sallyport/kernel';
import type { Mode } from '@sallyport/kernel';
import { validatePolicySet } from '../validate/validate.js';
import { checkEnforceable, controlsOf } from './enforceable.js';
import { renderEnforcement } from './table.js';

const policies = (text: string) => {
  const set = validatePolicySet(text);
  if (!set.ok) throw new Error(JSON.stringify(set.problems));
  return set.policies;
};

const full: Mode = { name: 'all', enforces: controls, gaps: {} };
const blunt: Mode = {
  name: 'shell',
  enforces: ['evidence', 'kill', 'statement'],
  gaps: { mask: 'a terminal is | a picture', hold: 'keys cannot wait' },
};
const connections = [
  { name: 'billing', environment: 'production', protocol: 'postgres', modes: [full] },
  { name: 'host', environment: 'production', protocol: 'ssh', modes: [full, blunt] },
  { name: 'toy', environment: 'test', protocol: 'ssh', modes: [blunt] },
];
const gaps = (text: string) =>
  checkEnforceable(policies(text), connections).map(
    ({ connection, mode, control }) => `${connection} ${mode} ${control}`,
  );

describe('what a policy asks of a protocol', () => {
  test.each([
    ['permit (principal, action, resource);', ['statement']],
    ['permit (principal, action == Action::"connect", resource);', []],
    ['permit (principal, action == Action::"approve", resource);', []],
    ['permit (principal, action == Action::"reveal", resource in Class::"x");', ['mask']],
    ['forbid (principal, action in [Action::"filter", Action::"connect"], resource);', ['filter']],
    ['@approval("1") permit (principal, action in Action::"write", resource);', ['statement', 'hold']],
    [
      '@preview @budget("rows=1/1s") @durable permit (principal, action in Action::"write", resource);',
      ['statement', 'hold', 'preview', 'budget', 'evidence'],
    ],
    ['@shadow @approval("1") permit (principal, action, resource);', []],
  ])('%s', (text, expected) => {
    expect(policies(text).flatMap(controlsOf)).toEqual(expected);
  });
});

describe('a policy that a connection cannot enforce', () => {
  test('is named with the row that is missing', () => {
    const [gap, ...more] = checkEnforceable(
      policies(
        '@id("w") @approval("1") permit (principal, action in Action::"write", resource in Environment::"production");',
      ),
      connections,
    );
    expect(more).toEqual([]);
    expect(gap).toEqual({
      policy: 'w',
      connection: 'host',
      protocol: 'ssh',
      mode: 'shell',
      control: 'hold',
      because: 'keys cannot wait',
      message: 'policy w needs "hold" on connection host, which ssh does not enforce in mode "shell": keys cannot wait',
    });
  });

  test.each([
    ['permit (principal, action, resource);', []],
    ['permit (principal, action == Action::"reveal", resource);', ['host shell mask', 'toy shell mask']],
    ['permit (principal, action == Action::"reveal", resource in Connection::"billing");', []],
    ['permit (principal, action == Action::"reveal", resource == Connection::"host");', 'refused'],
    ['permit (principal, action == Action::"reveal", resource in Environment::"test");', ['toy shell mask']],
    ['permit (principal, action == Action::"reveal", resource in Table::"host/a/b/c");', ['host shell mask']],
    [
      'permit (principal, action == Action::"reveal", resource in Class::"pii");',
      ['host shell mask', 'toy shell mask'],
    ],
    ['permit (principal, action == Action::"reveal", resource is Column in Connection::"toy");', ['toy shell mask']],
    [
      '@budget("rows=1/1s") permit (principal, action in Action::"read", resource in Connection::"toy");',
      ['toy shell budget'],
    ],
  ])('%s', (text, expected) => {
    if (expected === 'refused') expect(validatePolicySet(text).ok).toBe(false);
    else expect(gaps(text)).toEqual(expected);
  });
});

test('the page of what is enforced where', () => {
  expect(
    renderEnforcement([
      { protocol: 'ssh', modes: [blunt] },
      { protocol: 'postgres', modes: [full] },
    ]),
  ).toBe(`# What is enforced where

A control is marked yes where a conformance test of it in that mode exists and passed: running those tests writes this page.

A policy that asks a connection for more than its protocol enforces is refused when it is published.

| protocol | mode | statement | mask | filter | hold | preview | budget | evidence | kill |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| postgres | all | yes | yes | yes | yes | yes | yes | yes | yes |
| ssh | shell | yes | no | no | no | no | no | yes | yes |

- **statement**: every command is decided before the target sees it
- **mask**: what a reader may not see is masked in every answer
- **filter**: masked columns cannot be used to shape an answer without \`filter\`
- **hold**: a command can wait for a human
- **preview**: a held write is run to show its effect, and committed or rolled back by the verdict
- **budget**: a used-up limit stops the next command, and an answer where it is reached; what is written is counted when it is done, rows of a COPY from the client while they come
- **evidence**: a record is kept before the command is sent, and its outcome after
- **kill**: what runs at the target can be stopped

## Gaps, and why

- **ssh, shell: mask.** a terminal is \\| a picture
- **ssh, shell: filter.** Not enforced.
- **ssh, shell: hold.** keys cannot wait
- **ssh, shell: preview.** Not enforced.
- **ssh, shell: budget.** Not enforced.
`);
});
