import { actionGroups, actionRecords } from '../schema/actions.js';

/** What a token may at most (docs/decisions/0016): one entry of its `authorization_details`. What is absent means all. */
export interface TokenLimit {
  /** Names. */
  readonly connections?: readonly string[] | undefined;
  /** Actions, or groups of them. */
  readonly actions?: readonly string[] | undefined;
}

/** An action or a group with all of its members, by name. */
export const actionsWithin: ReadonlyMap<string, readonly string[]> = new Map([
  ...actionRecords.map(({ name }): [string, readonly string[]] => [name, [name]]),
  ...actionGroups.map((group): [string, readonly string[]] => [
    group,
    [group, ...actionRecords.filter((action) => action.group === group).map(({ name }) => name)],
  ]),
]);

/** May this be asked at all of one connection? */
export interface Limits {
  readonly connects: boolean;
  /** All that its principals may. */
  readonly everything: boolean;
  allows(action: string): boolean;
}

const unlimited: Limits = { connects: true, everything: true, allows: () => true };

/** Whoever may do anything here may connect. A name that is no action allows nothing more. */
export const limitsFor = (limits: readonly TokenLimit[] | undefined, connection: string): Limits => {
  if (limits === undefined) return unlimited;
  const here = limits.filter(({ connections }) => connections?.includes(connection) ?? true);
  if (here.some(({ actions }) => actions === undefined)) return unlimited;
  const allowed = new Set(
    here.flatMap(({ actions = [] }) => actions.flatMap((action) => actionsWithin.get(action) ?? [])),
  );
  const connects = here.length > 0;
  return { connects, everything: false, allows: (action) => (action === 'connect' ? connects : allowed.has(action)) };
};
