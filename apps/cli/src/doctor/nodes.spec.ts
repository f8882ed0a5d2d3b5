import { describe, expect, test } from '@jest/globals';
import type { Connection, Node } from './nodes.js';
import { checkMissing, checkNode, checkTargets, isBehind } from './nodes.js';

const node: Node = {
  name: 'one',
  disabled: false,
  connectedAt: '2026-01-01T00:00:00Z',
  lastSeenAt: '2026-01-01T00:00:00Z',
  certificateExpiry: '2026-01-02T00:00:00Z',
  certificateOverdue: false,
  manifestVersion: 7,
  newestManifest: 7,
  refusal: null,
};

describe('a node', () => {
  test.each<readonly [string, Partial<Node>, readonly string[]]>([
    ['here and up to date', {}, ['ok', 'ok']],
    ['away', { connectedAt: null }, ['broken', 'ok']],
    ['behind', { newestManifest: 8 }, ['ok', 'broken']],
    ['refusing', { newestManifest: 8, refusal: 'older: version 6 is older than 7' }, ['ok', 'broken']],
    ['its certificate is late', { certificateOverdue: true }, ['broken', 'ok']],
    ['turned away', { disabled: true, connectedAt: null, newestManifest: 8 }, ['not checked', 'not checked']],
  ])('%s', (_name, more, states) => {
    expect(checkNode('proxy', { ...node, ...more }).map(({ state }) => state)).toEqual(states);
  });

  test('of a control plane that does not tell the newest bundle', () => {
    const { newestManifest: _, ...older } = node;
    expect(checkNode('proxy', older).map(({ state }) => state)).toEqual(['ok', 'not checked']);
    expect(isBehind(older)).toBe(false);
  });

  test('why it refused says what to do', () => {
    const [, policy] = checkNode('proxy', { ...node, newestManifest: 8, refusal: 'older: version 6 is older than 7' });
    expect(policy?.next).toContain('Backup and restore');
  });

  test('is looked at again where it may only be a moment behind', () => {
    expect(isBehind({ ...node, newestManifest: 8 })).toBe(true);
    for (const more of [{}, { connectedAt: null }, { refusal: 'no' }, { disabled: true }])
      expect(isBehind({ ...node, newestManifest: 'connectedAt' in more || 'refusal' in more ? 8 : 7, ...more })).toBe(
        false,
      );
  });
});

describe('targets', () => {
  const connection: Connection = {
    name: 'billing',
    databases: ['app', 'b', 'c'],
    agents: ['one', 'two'],
    catalogs: [
      { database: 'app', readBy: 'one', readAt: '2026-01-01T00:00:00Z', problem: null },
      { database: 'b', readBy: 'one', readAt: null, problem: 'the catalog cannot be read (ECONNREFUSED)' },
    ],
  };
  test('by what their agents found', () => {
    expect(checkTargets(connection, [node]).map(({ state }) => state)).toEqual(['ok', 'broken', 'not checked']);
  });
  test('whose catalog nobody confirms are told with what to do', () => {
    const [app = {}] = connection.catalogs ?? [];
    const stale = { ...app, state: 'stale', advice: 'masked or refused until an agent confirms it' };
    const [check] = checkTargets({ ...connection, catalogs: [stale as never] }, [node]);
    expect(check).toMatchObject({
      state: 'broken',
      says: expect.stringContaining('its catalog is stale; one found it last at 2026-01-01'),
    });
    expect(JSON.stringify(check)).toContain('until an agent confirms it');
  });
  test.each([
    ['cannot be read', 'unreadable', 'the catalog cannot be read (28P01)', 'mend it before the catalog is stale'],
    [
      'is not believed',
      'absent',
      'the catalog is not believed: relations.3.oid: another one has it',
      'masked or refused',
    ],
    ['is no catalog', 'absent', 'what its agent sends is no catalog: not canonical JSON', 'masked or refused'],
    ['is stale and cannot be read', 'stale', 'the catalog cannot be read (ETIMEDOUT)', 'masked or refused'],
    ['is stale', 'stale', null, 'is one connected'],
    ['was never read', 'absent', null, 'is one connected'],
  ])('whose catalog %s are told why, and what to do', (_, state, problem, advice) => {
    const catalog = { database: 'app', readBy: 'one', readAt: null, state, problem, advice };
    const [check] = checkTargets({ ...connection, catalogs: [catalog as never] }, [node]);
    expect(check).toMatchObject({
      state: 'broken',
      says: expect.stringContaining(problem ?? `its catalog is ${state}`),
    });
    expect(JSON.stringify(check)).toContain(advice);
  });
  test.each<readonly [string, readonly Node[]]>([
    ['none', []],
    ['away', [{ ...node, connectedAt: null }]],
    ['turned away', [{ ...node, disabled: true }]],
    ['of others', [{ ...node, name: 'other' }]],
  ])('with no agent to ask: %s', (_name, agents) => {
    expect(new Set(checkTargets(connection, agents).map(({ state }) => state))).toEqual(new Set(['not checked']));
  });
  test('an agent that never enrolled', () => {
    expect(checkMissing(connection, [node]).map(({ name, state }) => [name, state])).toEqual([['agent two', 'broken']]);
  });
});
