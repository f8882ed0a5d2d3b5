import type { Position } from './position.js';

/** What is wrong with a policy set, where, and if known the way out. */
export interface PolicyProblem extends Position {
  readonly message: string;
  readonly help?: string;
}
