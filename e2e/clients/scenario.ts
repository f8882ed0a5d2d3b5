import type { Package } from './packages.mjs';
import type { Place } from './place.js';

/** Something that people do with a client: done direct and through the gateway, its outcome is the same. */
export interface Scenario {
  readonly name: string;
  readonly needs: readonly Package[];
  /** Debian's own server, where a client is too old for the newest. */
  readonly target?: 'debian';
  /** One of its own, empty. */
  readonly database?: string;
  /** What came of it, as a text that people can compare. */
  run(at: Place): Promise<string>;
  /** A question to the target's administrator afterwards; its answer belongs to the outcome. */
  readonly left?: string;
  /** Found in the outcome: two that fail alike are no success. */
  readonly shows: readonly (string | RegExp)[];
}

/** What cannot be the same. Each line has its reason in docs/clients.md. */
export interface Difference {
  readonly name: string;
  readonly needs: readonly Package[];
  readonly target?: 'debian';
  run(at: Place): Promise<string>;
  readonly direct: readonly (string | RegExp)[];
  readonly through: readonly (string | RegExp)[];
}
