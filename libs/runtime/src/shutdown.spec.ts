import { describe, expect, test } from '@jest/globals';
import { createShutdown } from './shutdown.js';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('shutdown', () => {
  test('closes in the reverse order, one after the other, once', async () => {
    const order: string[] = [];
    const shutdown = createShutdown({ log: quiet });
    for (const name of ['first', 'second'])
      shutdown.add(name, async () => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
      });
    await Promise.all([shutdown.run('once'), shutdown.run('twice')]);
    expect(order).toEqual(['second begins', 'second ends', 'first begins', 'first ends']);
    expect(shutdown.started).toBe(true);
  });

  test('a part that throws or never ends stops nobody else; each has its own bound', async () => {
    const closed: string[] = [];
    const late: unknown[] = [];
    const log = { ...quiet, warn: (detail: object) => void late.push(detail) };
    const shutdown = createShutdown({ log, bound: 60_000 });
    shutdown.add('last', () => void closed.push('last'));
    shutdown.add('stuck', () => new Promise(() => undefined), 1);
    shutdown.add('broken', () => {
      throw new Error('no');
    });
    await shutdown.run('now');
    expect([closed, late]).toEqual([['last'], [{ part: 'stuck' }]]);
  });
});
