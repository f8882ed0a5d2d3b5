import { describe, expect, test } from '@jest/globals';
import { readClaims } from '../claims.js';
import { checkRegistered, checkTime } from './token.js';

const tokenOf = (claims: unknown): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
const base = { iss: 'https://idp', sub: 'etl', aud: 'https://gate', exp: 1_000, iat: 100 };
const claimsOf = (more: object = {}) => {
  const claims = readClaims(tokenOf({ ...base, ...more }));
  if (claims === undefined) throw new Error('no claims');
  return claims;
};

test.each(['', 'opaque', 'a.b', 'a.b.c.d', `e30.${'!'}.x`, tokenOf([]), tokenOf(null), `e30.${'a'.repeat(20_000)}.x`])(
  '%# is no token',
  (text) => expect(readClaims(text)).toBeUndefined(),
);

test.each([
  ['good', {}, 500, 'ok', ''],
  ['ended', {}, 1_000, 'broken', 'expired'],
  ['no end', { exp: undefined }, 500, 'broken', 'bad_claims'],
  ['not yet', { nbf: 900 }, 500, 'broken', 'not_yet_valid'],
  ['not yet, within what clocks may be apart', { nbf: 550 }, 500, 'ok', ''],
  ['issued in future', { iat: 900 }, 500, 'broken', 'issued_in_future'],
])('time: %s', (_name, more, seconds, state, code) => {
  const check = checkTime(claimsOf(more), seconds * 1000);
  expect([check.state, check.code ?? '']).toEqual([state, code]);
});

describe('against what is registered', () => {
  const issuers = [{ id: 'iss_1', name: 'ci', issuer: 'https://idp', audiences: ['https://gate'] }];
  const etl = { name: 'etl', issuer: 'ci', claims: { sub: 'etl' }, disabled: false, notBefore: '1970-01-01T00:00:00Z' };
  const states = (more: object, subagents: readonly (typeof etl)[] = [etl]): readonly string[] =>
    checkRegistered(claimsOf(more), { issuers, subagents }).map(({ state, code }) => code ?? state);

  test.each([
    ['all is well', {}, [etl], ['ok', 'ok', 'ok']],
    ['several audiences', { aud: ['x', 'https://gate'] }, [etl], ['ok', 'ok', 'ok']],
    ['another issuer', { iss: 'https://idp/' }, [etl], ['unknown_issuer', 'not checked', 'not checked']],
    ['another audience', { aud: 'https://other' }, [etl], ['ok', 'wrong_audience', 'ok']],
    ['another subject', { sub: 'x' }, [etl], ['ok', 'ok', 'unknown_subagent']],
    ['two fit', {}, [etl, { ...etl, name: 'twin' }], ['ok', 'ok', 'ambiguous_subagent']],
    ['of another issuer', {}, [{ ...etl, issuer: 'other' }], ['ok', 'ok', 'unknown_subagent']],
    ['disabled', {}, [{ ...etl, disabled: true }], ['ok', 'ok', 'disabled']],
    ['revoked', {}, [{ ...etl, notBefore: '1970-01-01T00:03:00Z' }], ['ok', 'ok', 'revoked']],
    [
      'by pointer, a number',
      { k8s: { 'a/b': 7 } },
      [{ ...etl, claims: { sub: 'etl', '/k8s/a~1b': '7' } }],
      ['ok', 'ok', 'ok'],
    ],
    [
      'a pointer to nothing',
      {},
      [{ ...etl, claims: { sub: 'etl', '/k8s/uid': '7' } }],
      ['ok', 'ok', 'unknown_subagent'],
    ],
  ])('%s', (_name, more, subagents, expected) => {
    expect(states(more, subagents as readonly (typeof etl)[])).toEqual(expected);
  });

  test('who may not read it is told that', () => {
    expect(checkRegistered(claimsOf(), undefined).map(({ state }) => state)).toEqual(['not checked', 'not checked']);
  });
});
