import type { Scene, Value } from './value.js';

/** An expression made ready to be asked often. `undefined` is Cedar's evaluation error. */
export type Expression = (scene: Scene) => Value | undefined;

/** Thrown while compiling only, and caught where the policy is compiled: cedar-wasm evaluates that policy instead. */
export class NotCompiled extends Error {
  override readonly name = 'NotCompiled';
}
