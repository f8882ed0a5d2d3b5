import { describe, expect, test } from '@jest/globals';
import { validateBinding } from './index.js';

const github = 'https://token.actions.githubusercontent.com';
const codes = (issuer: string, claims: Record<string, string>) =>
  validateBinding({ issuer, claims }).map(({ code, claim }) => `${code} ${claim}`);

describe('a binding', () => {
  test.each<readonly [string, Record<string, string>]>([
    ['https://idp.example.com', { sub: 'etl' }],
    [github, { sub: 'repo:org/app:ref:refs/heads/main', repository_id: '42' }],
    ['https://gitlab.com', { sub: 'project_path:g/p:ref_type:branch:ref:main', project_id: '7' }],
    ['https://k8s.example', { sub: 'system:serviceaccount:ns:etl', '/kubernetes.io/serviceaccount/uid': 'u-1' }],
    ['https://accounts.google.com', { sub: '1234567890' }],
    ['spiffe://acme.example', { sub: 'spiffe://acme.example/ns/data/sa/etl' }],
    ['https://oidc.acme.example', { sub: 'spiffe://acme.example/etl' }],
    ['https://evil.example/token.actions.githubusercontent.com', { sub: 'x' }],
  ])('is good: %s %j', (issuer, claims) => {
    expect(codes(issuer, claims)).toEqual([]);
  });

  test.each<readonly [string, Record<string, string>, readonly string[]]>([
    ['https://idp.example.com', {}, ['missing_subject sub']],
    ...['spiffe://acme.example', 'spiffe://acme.example/', 'etl', 'spiffe://other.example/etl'].map(
      (sub) => ['spiffe://acme.example', { sub }, ['not_a_workload sub']] as const,
    ),
    ['spiffe://acme.example', { sub: 'spiffe://acme.example/a/../etl' }, ['not_a_workload sub']],
    ['spiffe://acme.example/etl', { sub: 'spiffe://acme.example/etl' }, ['not_a_workload sub']],
    ['https://idp.example.com', { sub: 'spiffe://acme.example' }, ['not_a_workload sub']],
    ['https://idp.example.com', { client_id: 'etl' }, ['missing_subject sub']],
    ['https://idp.example.com', { sub: '' }, ['empty sub']],
    ['https://idp.example.com', { sub: '*' }, ['wildcard sub']],
    ['https://idp.example.com', { sub: 'a?c' }, ['wildcard sub']],
    ['https://idp.example.com', { sub: 'etl ' }, ['unreadable sub']],
    ['https://idp.example.com', { sub: 'e\u200btl' }, ['unreadable sub']],
    ['https://idp.example.com', { sub: 'x'.repeat(1025) }, ['too_long sub']],
    ['https://idp.example.com', { sub: 'etl', jti: '1' }, ['volatile jti']],
    [github, { sub: 'repo:org/*' }, ['wildcard sub', 'missing_immutable_id repository_id']],
    [github, { sub: 'repo:org/app:ref:refs/heads/main' }, ['missing_immutable_id repository_id']],
    [
      github,
      { sub: 'repo:org/app:ref:refs/heads/main', repository_owner_id: '1' },
      ['missing_immutable_id repository_id'],
    ],
    [`${github}/enterprise`, { sub: 'x' }, ['missing_immutable_id repository_id']],
    ['https://ghe.example/_services/token', { sub: 'x' }, ['missing_immutable_id repository_id']],
    ['https://gitlab.example.com', { sub: 'x' }, ['missing_immutable_id project_id']],
    [
      'https://k8s.example',
      { sub: 'system:serviceaccount:a:b' },
      ['missing_immutable_id /kubernetes.io/serviceaccount/uid'],
    ],
    ['https://sts.windows.net/t/', { sub: 'x' }, ['missing_immutable_id oid']],
    [
      'https://git.acme.example',
      { sub: 'project_path:g/p:ref_type:branch:ref:main' },
      ['missing_immutable_id project_id'],
    ],
    [
      'https://git.acme.example',
      { sub: 'repo:org/app:environment:production' },
      ['missing_immutable_id repository_id'],
    ],
  ])('%s %j: %j', (issuer, claims, problems) => {
    expect(codes(issuer, claims)).toEqual(problems);
  });

  test('too many claims are said once', () => {
    const claims = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`c${index}`, '*']));
    expect(codes('https://idp.example.com', claims)).toEqual(['too_many ']);
  });
});
