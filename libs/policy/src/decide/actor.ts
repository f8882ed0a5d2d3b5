import { entityValue } from '../compile/value.js';
import type { Entity, Value } from '../compile/value.js';
import type { Principal } from '../principal.js';
import { actionRecord, actionRecords } from '../schema/actions.js';

/** A principal as a Cedar entity, and its groups. */
export interface Actor {
  readonly principal: Principal;
  readonly self: Entity;
  readonly groups: readonly Entity[];
}

export const actorOf = (principal: Principal): Actor => {
  const groups = principal.groups.map((name): Entity => bare('Group', name));
  const attributes: [string, Value][] = [
    ['name', principal.name],
    ['id', principal.id],
  ];
  // The schema knows an owner on subagents only.
  if (principal.kind === 'subagent' && principal.owner !== undefined) attributes.push(['owner', principal.owner]);
  const self: Entity = {
    uid: entityValue(principal.kind === 'user' ? 'User' : 'Subagent', principal.name),
    attributes: new Map(attributes),
    ancestors: new Set(groups.map((group) => group.uid.key)),
  };
  return { principal, self, groups };
};

const bare = (type: string, id: string): Entity => ({
  uid: entityValue(type, id),
  attributes: new Map(),
  ancestors: new Set(),
});

const actionOf = (name: string): readonly [Entity, ...Entity[]] => {
  const group = actionRecord(name)?.group;
  const action = bare('Action', name);
  if (group === undefined) return [action];
  const parent = bare('Action', group);
  return [{ ...action, ancestors: new Set([parent.uid.key]) }, parent];
};

const known = new Map(actionRecords.map(({ name }) => [name, actionOf(name)]));

/** An action's entity first, then its group. An action outside the schema is in no group: only `action` alone fits it. */
export const actionEntities = (name: string): readonly [Entity, ...Entity[]] => known.get(name) ?? actionOf(name);
