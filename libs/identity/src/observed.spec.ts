import { describe, expect, test } from '@jest/globals';
import { bindableClaims, suggestBinding } from './index.js';

const github = 'https://token.actions.githubusercontent.com';

describe('claims that a binding could name', () => {
  test('are texts and whole numbers, named as a binding names them, without those that change', () => {
    const payload = {
      ...{ iss: 'https://k8s', aud: ['a'], exp: 2, iat: 1, jti: 'j', sub: 'system:serviceaccount:ns:etl' },
      ...{ admin: true, none: null, list: ['a'], share: 0.5, project_id: 42, '/odd': 'x' },
      'kubernetes.io': { namespace: 'ns', serviceaccount: { name: 'etl', uid: 'u-1' }, 'a/b': 'slash' },
    };
    expect(bindableClaims(payload)).toEqual({
      sub: 'system:serviceaccount:ns:etl',
      project_id: '42',
      '/~1odd': 'x',
      '/kubernetes.io/namespace': 'ns',
      '/kubernetes.io/serviceaccount/name': 'etl',
      '/kubernetes.io/serviceaccount/uid': 'u-1',
      '/kubernetes.io/a~1b': 'slash',
    });
  });

  test('are few and short, whatever was asked for, and the subject is among them', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`claim${index}`, 'x']));
    const deep = { a: { b: { c: { d: { e: 'too deep' } } } } };
    const found = bindableClaims({
      ...deep,
      long: 'x'.repeat(257),
      ['n'.repeat(129)]: 'x',
      nul: 'a\0b',
      ...many,
      sub: 's',
    });
    expect(Object.keys(found)).toHaveLength(48);
    expect(found['sub']).toBe('s');
    expect(found).not.toHaveProperty('long');
    expect(found).not.toHaveProperty('nul');
    expect(JSON.stringify(found)).not.toContain('too deep');
  });
});

describe('a suggested binding', () => {
  test('names the subject and what never changes hands', () => {
    const claims = {
      ...{ sub: 'repo:acme/etl:ref:refs/heads/main', repository: 'acme/etl', repository_id: '7' },
      ...{ repository_owner_id: '8', ref: 'refs/heads/main', actor: 'ada' },
    };
    expect(suggestBinding(github, claims)).toEqual({
      platform: 'GitHub Actions',
      claims: { sub: 'repo:acme/etl:ref:refs/heads/main', repository_id: '7' },
      narrowing: { repository_owner_id: '8', ref: 'refs/heads/main' },
      problems: [],
    });
  });

  test('of an unknown platform names the subject', () => {
    expect(suggestBinding('https://idp', { sub: 'etl', client_id: 'etl' })).toMatchObject({
      platform: undefined,
      claims: { sub: 'etl' },
      problems: [],
    });
  });

  test('says what the token lacks', () => {
    expect(suggestBinding(github, { sub: 'repo:acme/etl:ref:x' }).problems).toMatchObject([
      { code: 'missing_immutable_id', claim: 'repository_id' },
    ]);
  });
});
