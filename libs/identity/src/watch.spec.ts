import { describe, expect, test } from '@jest/globals';
import { tokenExpiryWatch } from './index.js';
import type { IssuerLike, SubagentLike, Verified } from './index.js';

const issuer: IssuerLike = { id: 'iss_1', name: 'idp', issuer: 'https://idp', audiences: [], keys: [], algorithms: [] };
const subagent: SubagentLike = {
  id: 'sub_1',
  name: 'etl',
  issuer: 'iss_1',
  claims: { sub: 'etl' },
  groups: ['etl'],
  owner: undefined,
  disabled: false,
  notBefore: 0,
};
const verified: Verified = {
  kind: 'verified',
  subagent,
  expiresAt: 10_000,
  issuedAt: 5,
  issuer: 'iss_1',
  subject: 'etl',
  tokenId: undefined,
};
const watch = (change: Partial<SubagentLike>, now = 9_999, issuers: readonly IssuerLike[] = [issuer]) =>
  tokenExpiryWatch(verified, { issuers, subagents: [{ ...subagent, ...change }] }, now);

describe('an open session’s identity', () => {
  test('is as the chunk has it now', () => {
    expect(watch({ groups: ['deployers'], owner: 'usr_2', name: 'etl2' })).toEqual({
      kind: 'valid',
      subagent: { ...subagent, groups: ['deployers'], owner: 'usr_2', name: 'etl2' },
    });
  });

  test.each<readonly [string, ReturnType<typeof watch>]>([
    ['expired', watch({}, 10_000)],
    ['expired', watch({}, Number.NaN)],
    ['disabled', watch({ disabled: true })],
    ['revoked', watch({ notBefore: 6 })],
    ['binding_changed', watch({ claims: { sub: 'other' } })],
    ['binding_changed', watch({ claims: { sub: 'etl', repository_id: '42' } })],
    ['binding_changed', watch({ issuer: 'iss_2' })],
    ['issuer_removed', watch({}, 9_999, [])],
    ['subagent_removed', tokenExpiryWatch(verified, { issuers: [issuer], subagents: [] }, 9_999)],
  ])('%s', (cause, result) => {
    expect(result).toEqual({ kind: 'ended', cause });
  });
});
