import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { emptyMap } from './persistent-map.js';
import type { PersistentMap } from './persistent-map.js';

const change = fc.record({ key: fc.oneof(fc.nat(600), fc.string({ maxLength: 3 })), value: fc.option(fc.nat()) });

describe('a persistent map', () => {
  test('says what a Map would, after any edits, and no edit is seen in an earlier one', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 60 }), { maxLength: 6 }), (edits) => {
        let map: PersistentMap<string | number, number> = emptyMap();
        const model = new Map<string | number, number>();
        const kept: (readonly [typeof map, ReadonlyMap<string | number, number>])[] = [];
        for (const changes of edits) {
          kept.push([map, new Map(model)]);
          const edit = map.edit();
          for (const { key, value } of changes) {
            if (value === null) edit.delete(key);
            else edit.set(key, value);
            if (value === null) model.delete(key);
            else model.set(key, value);
            expect(edit.get(key)).toBe(model.get(key));
          }
          map = edit.done();
        }
        for (const [made, expected] of [...kept, [map, model] as const]) {
          expect(made.size).toBe(expected.size);
          expect([...made.values()].sort()).toEqual([...expected.values()].sort());
          for (const [key, value] of expected) expect([made.get(key), made.has(key)]).toEqual([value, true]);
          expect([made.get('absent'), made.has('absent')]).toEqual([undefined, false]);
        }
      }),
    );
  });
});
