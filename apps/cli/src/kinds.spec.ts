import { describe, expect, test } from '@jest/globals';
import { connectionFields, tags } from '../../control-plane/src/connections/connection.js';
import { classFields } from '../../control-plane/src/connections/classes.service.js';
import { authorization } from '../../control-plane/src/http/authorization.js';
import { groupFields } from '../../control-plane/src/identity/groups.service.js';
import { issuerFields } from '../../control-plane/src/identity/issuers.service.js';
import { subagentFields } from '../../control-plane/src/identity/subagents.service.js';
import { userFields } from '../../control-plane/src/identity/users.service.js';
import { nodeFields } from '../../control-plane/src/nodes/nodes.service.js';
import { versionFields } from '../../control-plane/src/policies/policy-set.js';
import { providerFields } from '../../control-plane/src/providers/provider.js';
import { kindNamed, kindNames, pathOf, rulesOf } from './kinds.js';

/** What REST takes for each kind. A field that is added there and not here would silently go back to its default. */
const taken = {
  Class: classFields.shape,
  Group: groupFields.shape,
  Issuer: issuerFields.shape,
  IdentityProvider: providerFields.shape,
  User: userFields.shape,
  Subagent: subagentFields.shape,
  Connection: connectionFields.shape,
  ColumnTags: { items: tags },
  PolicySet: versionFields.shape,
  Agent: nodeFields.shape,
  Proxy: nodeFields.shape,
};

describe.each(kindNames)('%s', (kind) => {
  test('has the fields that REST takes', () => {
    expect([...rulesOf(kind).fields].sort()).toEqual(Object.keys(taken[kind]).sort());
  });
  test('is a noun of REST', () => {
    expect(authorization).toHaveProperty([`PUT ${pathOf(kind, 'x').replace('/x', '/:ref')}`]);
  });
});

test('every noun that REST lets admins put can be written down', () => {
  const puts = Object.keys(authorization).filter((route) => route.startsWith('PUT '));
  expect(kindNames.map((kind) => `PUT ${pathOf(kind, 'x').replace('/x', '/:ref')}`).sort()).toEqual(puts.sort());
});

test.each([
  ['Connection', 'Connection'],
  ['connections', 'Connection'],
  ['column-tags', 'ColumnTags'],
  ['ColumnTags', 'ColumnTags'],
  ['policy-sets', 'PolicySet'],
  ['policyset', 'PolicySet'],
  ['classes', 'Class'],
  ['proxies', 'Proxy'],
  ['agents', 'Agent'],
  ['robots', undefined],
  ['', undefined],
])('%s means %s', (word, kind) => expect(kindNamed(word)).toBe(kind));
