import { entityKey } from '../schema/uid.js';

/** Cedar's values. Longs are 64 bits wide, so they are bigints here. */
export type Value = boolean | bigint | string | EntityValue | SetValue | RecordValue | TimeValue;

export interface EntityValue {
  readonly kind: 'entity';
  readonly type: string;
  readonly id: string;
  readonly key: string;
}

export interface SetValue {
  readonly kind: 'set';
  readonly items: readonly Value[];
}

export interface RecordValue {
  readonly kind: 'record';
  readonly fields: ReadonlyMap<string, Value>;
}

/** A point in time or a length of it, milliseconds. */
export interface TimeValue {
  readonly kind: 'datetime' | 'duration';
  readonly ms: bigint;
}

export const entityValue = (type: string, id: string): EntityValue => ({
  kind: 'entity',
  type,
  id,
  key: entityKey(type, id),
});

/** An entity with what it is made of, as far as one request can see it. */
export interface Entity {
  readonly uid: EntityValue;
  readonly attributes: ReadonlyMap<string, Value>;
  /** Keys of everything that it is `in`, itself left out. */
  readonly ancestors: ReadonlySet<string>;
}

/** All that a policy's condition can look at. */
export interface Scene {
  readonly principal: EntityValue;
  readonly action: EntityValue;
  readonly resource: EntityValue;
  readonly context: RecordValue;
  readonly entities: ReadonlyMap<string, Entity>;
}

const smallest = -(2n ** 63n);
const largest = 2n ** 63n - 1n;

/** `undefined` where 64 bits do not hold it: an error in Cedar. */
export const long = (value: bigint): bigint | undefined => (value < smallest || value > largest ? undefined : value);

export const equal = (left: Value, right: Value): boolean => {
  if (typeof left !== 'object' || typeof right !== 'object') return left === right;
  switch (left.kind) {
    case 'entity':
      return right.kind === 'entity' && left.key === right.key;
    case 'datetime':
    case 'duration':
      return right.kind === left.kind && left.ms === right.ms;
    case 'set':
      return right.kind === 'set' && includesAll(left, right.items) && includesAll(right, left.items);
    case 'record':
      return (
        right.kind === 'record' &&
        left.fields.size === right.fields.size &&
        [...left.fields].every(([name, value]) => {
          const other = right.fields.get(name);
          return other !== undefined && equal(value, other);
        })
      );
  }
};

export const includes = (set: SetValue, value: Value): boolean => set.items.some((item) => equal(item, value));

export const includesAll = (set: SetValue, values: readonly Value[]): boolean =>
  values.every((value) => includes(set, value));

/** `left in right` for one entity. */
export const within = (scene: Scene, left: EntityValue, right: EntityValue): boolean =>
  left.key === right.key || (scene.entities.get(left.key)?.ancestors.has(right.key) ?? false);
