import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { enrol } from '@sallyport/pki';
import { startIdentityProvider } from '@sallyport/testing';
import type { TestIdentityProvider } from '@sallyport/testing';
import { stringify } from 'yaml';
import { type SallyPlane, startSallyPlane } from '../../testing/plane.js';
import { kindNames } from '../kinds.js';

let system: SallyPlane;
let idp: TestIdentityProvider;
let publicKey: Record<string, unknown>;
beforeAll(async () => {
  [system, idp] = await Promise.all([startSallyPlane('apply'), startIdentityProvider({ clients: [] })]);
  const pair = await generateKeyPair('ES256', { extractable: true });
  publicKey = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  for (const kind of ['proxy', 'agent'] as const) {
    const { token } = (await system.json(['join-tokens', 'create', kind, `${kind}-1`])) as { token: string };
    await enrol({ address: system.enrolment, joinToken: token, kind, name: `${kind}-1` });
  }
}, 120_000);
afterAll(() => Promise.all([idp.stop(), system.stop()]));

type Document = Readonly<Record<string, unknown>>;
const yamlOf = (documents: readonly Document[]): string => documents.map((one) => stringify(one)).join('---\n');
const apply = (documents: readonly Document[], ...flags: readonly string[]) =>
  system.sally(['apply', '-f', '-', ...flags], { input: yamlOf(documents) });
const resultsOf = (stdout: string): Record<string, string> =>
  Object.fromEntries([...stdout.matchAll(/^(\w+ \S+): (.+)$/gm)].map(([, noun = '', result = '']) => [noun, result]));
const all = (result: string): Record<string, string> =>
  Object.fromEntries(everyKind().map(({ kind, name }) => [`${String(kind)} ${String(name)}`, result]));
/** These are there, or are a part of what is there: they are never made. */
const changed = (result: string): Record<string, string> =>
  Object.fromEntries(['Agent agent-1', 'Proxy proxy-1', 'ColumnTags billing'].map((noun) => [noun, result]));

/** One of each, in an order that is no order: `apply` must find it. */
const everyKind = (): readonly Document[] => [
  { kind: 'PolicySet', name: 'base', spec: { text: policies, comment: 'first', publish: true } },
  { kind: 'Proxy', name: 'proxy-1', spec: { disabled: true } },
  { kind: 'Agent', name: 'agent-1', spec: { disabled: true } },
  { kind: 'ColumnTags', name: 'billing', spec: { items: [{ table: 'payments', column: 'card', classes: ['pan'] }] } },
  {
    kind: 'Connection',
    name: 'billing',
    spec: {
      protocol: 'postgres',
      environment: 'production',
      host: 'db.internal',
      port: 5432,
      database: 'app',
      agents: ['agent-1'],
      credential: 'billing',
      holdSeconds: 11,
    },
  },
  {
    kind: 'Connection',
    name: 'crm',
    spec: {
      protocol: 'postgres',
      environment: 'production',
      host: 'crm.internal',
      port: 5432,
      tls: 'require',
      database: 'app',
      databases: ['other', 'app'],
      agents: ['agent-1'],
      credential: 'crm',
      audit: 'durable',
      detectors: false,
      tags: [{ table: 'people', column: 'email', classes: ['pan'] }],
    },
  },
  {
    kind: 'Subagent',
    name: 'etl',
    spec: { issuer: 'by-url', claims: { sub: 'etl', team: 'data' }, groups: ['jobs'], owner: 'linus' },
  },
  { kind: 'Subagent', name: 'bot', spec: { issuer: 'by-hand', claims: { sub: 'bot' } } },
  { kind: 'User', name: 'linus', spec: { role: 'member', email: 'linus@example.com', groups: ['people', 'jobs'] } },
  {
    kind: 'IdentityProvider',
    name: 'corp',
    spec: {
      ...{ kind: 'oidc', issuer: idp.issuer, clientId: 'sallyport' },
      mapping: { groups: [{ value: 'x', group: 'people' }] },
    },
  },
  { kind: 'Issuer', name: 'by-url', spec: { issuer: idp.issuer, audiences: ['b', 'a'], jwksUri: idp.jwksUri } },
  {
    kind: 'Issuer',
    name: 'by-hand',
    spec: { issuer: 'https://idp.example.com', audiences: ['a'], keys: [publicKey], algorithms: ['ES256'] },
  },
  // Its members name it, and it names them.
  { kind: 'Group', name: 'jobs', spec: { description: 'nightly', members: { subagents: ['bot', 'etl'] } } },
  { kind: 'Group', name: 'people', spec: {} },
  { kind: 'Class', name: 'pan', spec: { mask: 'partial' } },
];
const policies = `// Jobs read.
@id("jobs-read")
permit (principal in Group::"jobs", action in Action::"read", resource in Connection::"billing");
`;

describe('sally apply', () => {
  test('--dry-run tells of every kind what would be, and changes nothing', async () => {
    const { exitCode, stdout, stderr } = await apply(everyKind(), '--dry-run');
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(new Set(everyKind().map(({ kind }) => kind))).toEqual(new Set(kindNames));
    expect(resultsOf(stdout)).toEqual({ ...all('would be created'), ...changed('would be changed') });
    expect(stdout).toContain('  + mask: "partial"');
    expect(stdout).toContain('  + members: {"subagents":["bot","etl"]}');
    expect(stdout).toContain('    +@id("jobs-read")');
    for (const noun of ['classes', 'groups', 'issuers', 'subagents', 'connections', 'policy-sets'])
      expect((await system.plane.admin('GET', `/v1/${noun}`)).body['items']).toEqual([]);
  });

  test('makes them, in the order in which they need each other', async () => {
    const { exitCode, stdout, stderr } = await apply(everyKind());
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(resultsOf(stdout)).toEqual({ ...all('created'), ...changed('changed') });
    const { body: jobs } = await system.plane.admin('GET', '/v1/groups/jobs');
    expect(jobs['members']).toEqual({ users: ['linus'], subagents: ['bot', 'etl'] });
    expect((await system.plane.admin('GET', '/v1/agents/agent-1')).body['disabled']).toBe(true);
    expect((await system.plane.admin('GET', '/v1/policy-sets/base')).body['publishedVersion']).toBe(1);
  });

  test('a second time says unchanged, dry or not, and writes nothing', async () => {
    const before = await system.plane.admin('GET', '/v1/admin-actions?limit=200');
    for (const flags of [[], ['--dry-run']]) {
      const { exitCode, stdout } = await apply(everyKind(), ...flags);
      expect([exitCode, resultsOf(stdout)]).toEqual([0, all('unchanged')]);
      expect(stdout).not.toContain('  + ');
    }
    expect((await system.plane.admin('GET', '/v1/admin-actions?limit=200')).body).toEqual(before.body);
  });

  test('what `sally get` wrote down is unchanged when applied', async () => {
    for (const kind of kindNames) {
      const args = kind === 'ColumnTags' ? [kind, 'billing'] : [kind];
      const { exitCode, stdout } = await system.sally(['get', ...args]);
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining(`kind: ${kind}`)]);
      const again = await system.sally(['apply', '-f', '-'], { input: stdout });
      expect([again.exitCode, again.stderr]).toEqual([0, '']);
      expect(new Set(Object.values(resultsOf(again.stdout)))).toEqual(new Set(['unchanged']));
    }
  });

  test('changes what is mentioned and leaves what is not', async () => {
    const wish = [{ kind: 'Connection', name: 'crm', spec: { port: 6432 } }];
    const before = (await system.plane.admin('GET', '/v1/connections/crm')).body;
    expect((await apply(wish, '--dry-run')).stdout).toBe(
      'Connection crm: would be changed\n  - port: 5432\n  + port: 6432\n',
    );
    expect((await apply(wish)).stdout).toBe('Connection crm: changed\n');
    const { updatedAt: _updatedAt, ...after } = (await system.plane.admin('GET', '/v1/connections/crm')).body;
    expect({ ...after, updatedAt: before['updatedAt'] }).toEqual({ ...before, port: 6432 });
  });

  const partial: readonly (readonly [string, Document, string, Document])[] = [
    ['a user', { kind: 'User', name: 'linus', spec: { role: 'auditor' } }, '/v1/users/linus', { role: 'auditor' }],
    [
      'a subagent',
      { kind: 'Subagent', name: 'etl', spec: { claims: { sub: 'etl' } } },
      '/v1/subagents/etl',
      { claims: { sub: 'etl' } },
    ],
    [
      'a group',
      { kind: 'Group', name: 'jobs', spec: { members: { users: [] } } },
      '/v1/groups/jobs',
      { members: { users: [], subagents: ['bot', 'etl'] } },
    ],
    [
      'an issuer with a URL',
      { kind: 'Issuer', name: 'by-url', spec: { audiences: ['c'] } },
      '/v1/issuers/by-url',
      { audiences: ['c'] },
    ],
    [
      'an issuer with keys',
      { kind: 'Issuer', name: 'by-hand', spec: { algorithms: ['ES256', 'EdDSA'] } },
      '/v1/issuers/by-hand',
      { algorithms: ['ES256', 'EdDSA'] },
    ],
    ['a class', { kind: 'Class', name: 'pan', spec: { mask: 'redact' } }, '/v1/classes/pan', { mask: 'redact' }],
    [
      'column tags',
      { kind: 'ColumnTags', name: 'billing', spec: { items: [] } },
      '/v1/connections/billing/tags',
      { items: [] },
    ],
    [
      'an agent',
      { kind: 'Agent', name: 'agent-1', spec: { disabled: false } },
      '/v1/agents/agent-1',
      { disabled: false },
    ],
  ];
  test.each(partial)('%s keeps what the YAML does not say', async (_name, wish, path, said) => {
    const { updatedAt: _before, ...before } = (await system.plane.admin('GET', path)).body;
    expect(Object.values(resultsOf((await apply([wish])).stdout))).toEqual(['changed']);
    const { updatedAt: _after, ...after } = (await system.plane.admin('GET', path)).body;
    expect(after).toEqual({
      ...before,
      ...said,
      ...(after['keysReadAt'] === undefined ? {} : { keysReadAt: after['keysReadAt'] }),
      ...(after['newestManifest'] === undefined ? {} : { newestManifest: after['newestManifest'] }),
    });
    expect(Object.values(resultsOf((await apply([wish])).stdout))).toEqual(['unchanged']);
  });

  test('issuers change from keys to a URL and back', async () => {
    const to = (spec: Document) => apply([{ kind: 'Issuer', name: 'by-hand', spec }]);
    expect((await to({ keys: [publicKey], jwksUri: null })).stdout).toContain('unchanged');
    expect((await to({ jwksUri: idp.jwksUri })).stdout).toContain('changed');
    expect((await system.plane.admin('GET', '/v1/issuers/by-hand')).body['jwksUri']).toBe(idp.jwksUri);
    expect((await to({ keys: [publicKey] })).stdout).toContain('changed');
    expect((await system.plane.admin('GET', '/v1/issuers/by-hand')).body).toMatchObject({
      jwksUri: null,
      keys: [publicKey],
    });
  });

  test('a new policy text is a new version; it is in force when that is said', async () => {
    const text = `${policies}\n// More.\n`;
    const dry = await apply([{ kind: 'PolicySet', name: 'base', spec: { text } }], '--dry-run');
    expect(dry.stdout).toContain('+// More.');
    expect(dry.stdout).not.toContain('+permit');
    await apply([{ kind: 'PolicySet', name: 'base', spec: { text } }]);
    const read = async () => (await system.plane.admin('GET', '/v1/policy-sets/base')).body;
    expect(await read()).toMatchObject({ latestVersion: 2, publishedVersion: 1 });
    await apply([{ kind: 'PolicySet', name: 'base', spec: { text, publish: true } }]);
    expect(await read()).toMatchObject({ latestVersion: 2, publishedVersion: 2 });
  });

  test.each([['--dry-run'], []])('what holds nothing is warned of, %s', async (...flags) => {
    const text = '@preview permit (principal, action in Action::"write", resource);';
    const { exitCode, stderr } = await apply([{ kind: 'PolicySet', name: 'idle', spec: { text } }], ...flags);
    expect([exitCode, stderr]).toEqual([
      0,
      'PolicySet idle: @preview holds nothing by itself (write @approval beside it)\n',
    ]);
  });

  test('--dry-run asks whether a policy text is one, and gives its places', async () => {
    const text = 'permit (principal, action in Action::"nonsense", resource);';
    const { exitCode, stderr } = await apply([{ kind: 'PolicySet', name: 'base', spec: { text } }], '--dry-run');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^sally: -:1: PolicySet base: the policy set would be refused\n {2}1:\d+: /);
  });

  test('a failure names its place, says what was done before it, and the rest is done by applying again', async () => {
    const wishes = [
      { kind: 'Class', name: 'iban', spec: { mask: 'hash' } },
      { kind: 'Subagent', name: 'late', spec: { issuer: 'nobody', claims: { sub: 'late' } } },
    ];
    const { exitCode, stdout, stderr } = await apply(wishes);
    expect([exitCode, stdout]).toEqual([1, 'Class iban: created\n']);
    expect(stderr).toContain('-:6: Subagent late: issuer: there is no issuer nobody');
    expect(stderr).toContain('the 1 before it are done');
    const mended = [wishes[0] ?? {}, { ...wishes[1], spec: { issuer: 'by-url', claims: { sub: 'late' } } }];
    expect(resultsOf((await apply(mended)).stdout)).toEqual({ 'Class iban': 'unchanged', 'Subagent late': 'created' });
  });

  test.each(['Agent', 'Proxy'])('an %s that never enrolled cannot be made, and it says how', async (kind) => {
    const { exitCode, stderr } = await apply([{ kind, name: 'ghost', spec: { disabled: true } }], '--dry-run');
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringContaining(`sally join-tokens create ${kind.toLowerCase()} ghost`),
    ]);
  });

  test('a new name is a new noun, and the old one stays until it is deleted', async () => {
    expect((await apply([{ kind: 'Class', name: 'iban2', spec: { mask: 'hash' } }])).stdout).toBe(
      'Class iban2: created\n',
    );
    const names = async () =>
      ((await system.plane.admin('GET', '/v1/classes')).body['items'] as { name: string }[]).map(({ name }) => name);
    expect(await names()).toEqual(expect.arrayContaining(['iban', 'iban2']));
    expect((await system.sally(['delete', 'class', 'iban'])).stdout).toBe('Class iban: deleted\n');
    expect(await names()).not.toContain('iban');
    const again = await system.sally(['delete', 'class', 'iban']);
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      'sally: there is no such class\n  more: sally explain not_found\n',
    ]);
  });

  test('files, several, with a policy text beside them', async () => {
    writeFileSync(join(system.directory, 'a.yaml'), 'kind: PolicySet\nname: beside\nspec: { textFile: a.cedar }\n');
    writeFileSync(join(system.directory, 'a.cedar'), policies);
    writeFileSync(join(system.directory, 'b.yaml'), 'kind: Class\nname: b\nspec: { mask: "null" }\n');
    const files = ['a.yaml', 'b.yaml'].flatMap((name) => ['-f', join(system.directory, name)]);
    expect((await system.sally(['apply', ...files])).stdout).toBe('Class b: created\nPolicySet beside: created\n');
    expect((await system.sally(['apply', ...files])).stdout).toBe('Class b: unchanged\nPolicySet beside: unchanged\n');
  });

  test('nothing is sent when one document is wrong', async () => {
    const { exitCode, stderr } = await system.sally(['apply', '-f', '-'], {
      input: 'kind: Class\nname: c\nspec: { mask: hash }\n---\nkind: Robot\nname: x\n',
    });
    expect([exitCode, stderr]).toEqual([64, expect.stringContaining('-:5: unknown kind Robot')]);
    expect((await system.plane.admin('GET', '/v1/classes/c')).status).toBe(404);
  });

  test('--json is one document of what was done', async () => {
    const input = 'kind: Class\nname: d\nspec: { mask: hash }\n---\nkind: Class\nname: b\nspec: { mask: hash }\n';
    const { stdout } = await system.sally(['apply', '-f', '-', '--dry-run', '--json'], { input });
    expect(JSON.parse(stdout)).toEqual({
      dryRun: true,
      applied: [
        { kind: 'Class', name: 'd', result: 'created', changes: [{ field: 'mask', to: 'hash' }] },
        { kind: 'Class', name: 'b', result: 'changed', changes: [{ field: 'mask', from: 'null', to: 'hash' }] },
      ],
    });
  });
});
