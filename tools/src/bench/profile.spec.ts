import { describe, expect, test } from '@jest/globals';
import { drawFlame } from './flame.js';
import { framesOf, sharesOf } from './profile.js';
import type { CpuProfile } from './profile.js';

const node = (id: number, functionName: string, url: string, children: readonly number[] = []) => ({
  id,
  callFrame: { functionName, url, lineNumber: 0 },
  children,
});
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', '', [2, 5, 6]),
    node(2, 'turn', 'file:///x/apps/proxy/dist/drive.js', [3, 4]),
    node(3, 'spell<>', 'file:///x/libs/audit/dist/codec.js'),
    node(4, 'writeBuffer', ''),
    node(5, '(idle)', ''),
    node(6, 'emit', 'node:events', [7]),
    node(7, 'turn', 'file:///x/apps/proxy/dist/drive.js'),
  ],
  samples: [3, 4, 5, 2, 7, 6],
  timeDeltas: [10, 40, 1000, 20, 20, 10],
};

describe('a profile', () => {
  test('becomes a tree without what was idle', () => {
    const root = framesOf(profile);
    expect(root.total).toBe(100);
    expect([...root.children.values()].map(({ name, total }) => [name, total])).toEqual([
      ['turn', 70],
      ['emit', 30],
    ]);
  });
  test('is shared out by subject, own time only', () => {
    expect(Object.fromEntries(sharesOf(framesOf(profile)))).toEqual({
      'system calls and encryption': 0.4,
      protocol: 0.4,
      evidence: 0.1,
      "Node's streams and sockets, in JavaScript": 0.1,
      'everything else': 0,
    });
  });
  test('is drawn, with names that cannot break out of the page', () => {
    const drawn = drawFlame(framesOf(profile), 'a & b');
    expect(drawn).toContain('spell&lt;&gt; libs/audit/codec: 10.0 %');
    expect(drawn).toContain('<title>a &amp; b</title>');
    expect(drawn).not.toContain('spell<>');
  });
});
