import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mapClaims, mappingFields, mostGroups } from './mapping.js';
import type { Claims } from './mapping.js';

const rule = (value: string, group: string, claim = 'groups') => ({ claim, value, group });
const mapping = mappingFields.parse({ groups: [rule('db-admins', 'dba'), rule('42', 'numbered'), rule('x', 'dba')] });
const groupsOf = (claims: Claims, groups = mapping.groups) => {
  const mapped = mapClaims(claims, { groups }, { name: 'preferred_username' });
  return mapped.kind === 'mapped' ? mapped.groups : mapped.cause;
};
const many = (count: number) => Array.from({ length: count }, (_, index) => `group-${index}`);

describe('groups', () => {
  test.each<readonly [string, Claims, string | readonly string[]]>([
    ['a list', { groups: ['db-admins', 'other'] }, ['dba']],
    ['two values of one group', { groups: ['db-admins', 'x'] }, ['dba']],
    ['one string', { groups: 'db-admins' }, ['dba']],
    ['a string that looks like a list', { groups: 'db-admins,other' }, []],
    ['a string that looks like JSON', { groups: '["db-admins"]' }, []],
    ['another case', { groups: ['DB-Admins'] }, []],
    ['spaces around it', { groups: [' db-admins '] }, []],
    ['a number', { groups: 42 }, ['numbered']],
    ['numbers in a list', { groups: [1, 42] }, ['numbered']],
    ['a number that is not exact', { groups: 2 ** 60 }, 'groups_unreadable'],
    ['a fraction', { groups: [42.5] }, 'groups_unreadable'],
    ['nothing', {}, []],
    ['an empty list', { groups: [] }, []],
    ['null', { groups: null }, 'groups_unreadable'],
    ['a boolean', { groups: true }, 'groups_unreadable'],
    ['an object', { groups: { 'db-admins': true } }, 'groups_unreadable'],
    ['a list in a list', { groups: [['db-admins']] }, 'groups_unreadable'],
    ['objects in a list', { groups: ['db-admins', { name: 'db-admins' }] }, 'groups_unreadable'],
    ['2,000 of them', { groups: [...many(1_999), 'db-admins'] }, ['dba']],
    ['more than anybody has', { groups: many(mostGroups + 1) }, 'groups_too_many'],
    ['a link to them', { _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } }, 'groups_elsewhere'],
    ['a hint that there are some', { hasgroups: true }, 'groups_elsewhere'],
    ['a link to other claims', { groups: ['x'], _claim_names: { address: 'src1' } }, ['dba']],
    ['a list and a link', { groups: ['x'], _claim_names: { groups: 'src1' } }, ['dba']],
  ])('%s', (_, claims, expected) => {
    expect(groupsOf(claims)).toEqual(expected);
  });

  test.each<readonly [string, string, Claims, string | readonly string[]]>([
    ['nested', '/realm_access/roles', { realm_access: { roles: ['x'] } }, ['dba']],
    ['nested, where nothing is', '/realm_access/roles', { realm_access: 'x' }, []],
    ['nested, behind a link', '/realm_access/roles', { _claim_names: { realm_access: 's' } }, 'groups_elsewhere'],
    [
      'named by an address, behind a link',
      'http://x/groups',
      { _claim_names: { 'http://x/groups': 's' } },
      'groups_elsewhere',
    ],
    ['a name with slashes', 'https://x.test/roles', { 'https://x.test/roles': ['x'] }, ['dba']],
    ['escaped slashes', '/https:~1~1x.test~1roles', { 'https://x.test/roles': ['x'] }, ['dba']],
    ['what objects have of themselves', '/constructor/name', {}, []],
    ['what objects have of themselves, plain', '__proto__', {}, []],
  ])('%s', (_, claim, claims, expected) => {
    expect(groupsOf(claims, [rule('x', 'dba', claim)])).toEqual(expected);
  });

  test('without rules nothing is read', () => {
    expect(groupsOf({ groups: { link: true }, _claim_names: { groups: 'x' } }, [])).toEqual([]);
  });

  test('are only those that a rule names, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), (groups) => {
        const found = groupsOf({ groups });
        const values: readonly unknown[] = Array.isArray(groups) ? groups : [groups];
        if (typeof found !== 'string' && found.includes('dba'))
          expect(values.some((value) => value === 'db-admins' || value === 'x')).toBe(true);
      }),
    );
  });
});

test.each<readonly [string, Claims, string | undefined, string | undefined]>([
  ['as they are', { preferred_username: 'linus', email: 'l@example.com' }, 'linus', 'l@example.com'],
  ['in lists of one', { preferred_username: ['linus'], email: ['l@example.com'] }, 'linus', 'l@example.com'],
  ['of other kinds', { preferred_username: 7, email: { a: 1 } }, undefined, undefined],
  ['with control characters', { preferred_username: 'li\nnus', email: 'a\0b' }, undefined, undefined],
  ['too long', { preferred_username: 'x'.repeat(300) }, undefined, undefined],
  ['absent', {}, undefined, undefined],
])('name and e-mail %s', (_, claims, name, email) => {
  expect(mapClaims(claims, { groups: [] }, { name: 'preferred_username' })).toMatchObject({ name, email });
});
