import type { CedarValueJson, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import type { EngineRequest } from '../cedar/engine.js';
import type { Entity, EntityValue, Scene, Value } from './value.js';

/** A scene in the form that cedar-wasm reads: for what is not compiled, and for the tests that compare. */
export const requestOf = (scene: Scene): EngineRequest => ({
  principal: uidOf(scene.principal),
  action: uidOf(scene.action),
  resource: uidOf(scene.resource),
  context: Object.fromEntries([...scene.context.fields].map(([name, value]) => [name, valueJson(value)])),
  entities: [...scene.entities.values()].map((entity) => entityJson(entity, scene.entities)),
});

const uidOf = ({ type, id }: EntityValue): TypeAndId => ({ type, id });

const entityJson = (entity: Entity, all: ReadonlyMap<string, Entity>): EntityJson => ({
  uid: uidOf(entity.uid),
  attrs: Object.fromEntries([...entity.attributes].map(([name, value]) => [name, valueJson(value)])),
  // Ancestors are closed already, so each is as good as a parent.
  parents: [...entity.ancestors].map((key) => all.get(key)).flatMap((parent) => (parent ? [uidOf(parent.uid)] : [])),
});

const valueJson = (value: Value): CedarValueJson => {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object') return value;
  switch (value.kind) {
    case 'entity':
      return { __entity: uidOf(value) };
    case 'set':
      return value.items.map(valueJson);
    case 'record':
      return Object.fromEntries([...value.fields].map(([name, field]) => [name, valueJson(field)]));
    case 'datetime':
      return { __extn: { fn: 'datetime', arg: new Date(Number(value.ms)).toISOString() } };
    case 'duration':
      return { __extn: { fn: 'duration', arg: `${value.ms}ms` } };
  }
};
