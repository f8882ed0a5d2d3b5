import { describe, expect, test } from '@jest/globals';
import { actionRecords } from '../schema/actions.js';
import { limitsFor } from './limits.js';
import type { TokenLimit } from './limits.js';

const names = actionRecords.map(({ name }) => name);
const allowed = (limits: readonly TokenLimit[] | undefined, connection = 'billing'): readonly string[] | 'nothing' => {
  const here = limitsFor(limits, connection);
  return here.connects ? names.filter((name) => here.allows(name)) : 'nothing';
};

describe('what a token may at most', () => {
  test.each<[string, readonly TokenLimit[] | undefined, readonly string[] | 'nothing']>([
    ['no limits', undefined, names],
    ['an entry for all', [{}], names],
    ['an entry for this connection', [{ connections: ['billing'] }], names],
    ['an entry for another', [{ connections: ['other'] }], 'nothing'],
    ['one of a name that only begins alike', [{ connections: ['billing2', 'bill', 'BILLING'] }], 'nothing'],
    ['an action, and connecting for it', [{ actions: ['insert'] }], ['connect', 'insert']],
    ['an action that is nobody\u2019s', [{ actions: ['fly', 'constructor', '__proto__'] }], ['connect']],
    [
      'two entries',
      [{ connections: ['billing'], actions: ['call'] }, { actions: ['reveal'] }],
      ['call', 'connect', 'reveal'],
    ],
    ['two, one of which is for another', [{ connections: ['other'] }, { actions: ['drop'] }], ['connect', 'drop']],
  ])('%s', (_what, limits, expected) => {
    const may = allowed(limits);
    expect(may === 'nothing' ? may : [...may].sort()).toEqual(expected === 'nothing' ? expected : [...expected].sort());
  });

  test('a group allows its members, and is no member of itself', () => {
    const reading = allowed([{ actions: ['read'] }]);
    expect(reading).toEqual(expect.arrayContaining(['read', 'select', 'http.get', 'kube.list']));
    for (const other of ['insert', 'filter', 'reveal', 'call', 'write']) expect(reading).not.toContain(other);
    expect(allowed([{ actions: ['select'] }])).toEqual(['connect', 'select']);
  });
});
