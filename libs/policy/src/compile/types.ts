/** One policy as it travels: Cedar's own JSON form and what its annotations oblige to. */
export interface CompiledPolicy {
  /** Stable within its set: the `@id` annotation, or `policy<N>`. */
  readonly id: string;
  /** Cedar JSON (EST) of the policy, annotations included. */
  readonly json: unknown;
}
