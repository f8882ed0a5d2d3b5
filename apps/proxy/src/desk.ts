import { createDecider } from '@sallyport/policy';
import type { Decider } from '@sallyport/policy';
import type { CallerWatch, Identified } from './caller.js';
import type { Configuration } from './gate.js';
import type { InForce } from './in-force.js';
import { createMasks } from './mask.js';
import type { Masks, MasksInput } from './mask.js';
import type { Place } from './place.js';
import { refuse } from '@sallyport/kernel';
import type { Refusal } from '@sallyport/kernel';

/** Everything that decides for one session now: who, where, by which policies, shown how. */
export interface Desk {
  readonly kind: 'desk';
  readonly inForce: InForce;
  readonly identified: Identified;
  readonly place: Place;
  readonly decider: Decider;
  readonly masks: Masks;
}

export interface DeskInput {
  readonly configuration: Configuration;
  readonly watch: CallerWatch;
  readonly connection: string;
  readonly database: string;
  readonly columnsOf: MasksInput['columnsOf'];
}

export type DeskNow = Desk | { readonly kind: 'refused'; readonly refusal: Refusal; readonly cause: string };

const refused = (code: 'denied' | 'policy_unavailable', message: string, cause: string): DeskNow => ({
  kind: 'refused',
  refusal: refuse(code, message),
  cause,
});

type Judges = Pick<Desk, 'decider' | 'masks'>;

/** One caller's sessions in one place are decided alike, so what was decided for one is known to all of them. */
const shared = new WeakMap<Place, WeakMap<Identified, Judges>>();

const judgesFor = (place: Place, identified: Identified, columnsOf: MasksInput['columnsOf']): Judges => {
  const here = shared.get(place) ?? new WeakMap<Identified, Judges>();
  shared.set(place, here);
  const known = here.get(identified);
  if (known !== undefined) return known;
  const { chain, limits, budgets } = identified;
  const decider = createDecider({ connection: place.connection, chain, limits, budgets });
  const judges = { decider, masks: createMasks({ place, decider, columnsOf }) };
  here.set(identified, judges);
  return judges;
};

/**
 * Looked at before every statement: a new bundle binds the next statement of every open session. The decider is made anew
 * only when what it rests on has changed.
 */
export const createDesk = ({ configuration, watch, connection, database, columnsOf }: DeskInput) => {
  let desk: Desk | undefined;
  return (now: number): DeskNow => {
    const { unfit, current: inForce } = configuration;
    if (unfit !== undefined) return { kind: 'refused', refusal: unfit, cause: unfit.code };
    if (inForce === undefined) return refused('policy_unavailable', 'no policy has come yet', 'no_bundle');
    const checked = watch.check(inForce, now);
    if (checked.kind === 'ended')
      return refused(
        'denied',
        `the identity of this session is no longer good: ${words(checked.cause)}`,
        checked.cause,
      );
    if (desk?.inForce === inForce && desk.identified === checked.identified) return desk;
    const place = inForce.place(connection, database);
    if (place === undefined) {
      const cause = inForce.connection(connection) === undefined ? 'unknown_connection' : 'database_not_allowed';
      return refused('denied', 'this connection or its database is no longer there', cause);
    }
    const { identified } = checked;
    if (desk?.place === place && desk.identified === identified) {
      desk = { ...desk, inForce };
      return desk;
    }
    desk = { kind: 'desk', inForce, identified, place, ...judgesFor(place, identified, columnsOf) };
    return desk;
  };
};

const words = (cause: string): string => cause.replaceAll('_', ' ');
