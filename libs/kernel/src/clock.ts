/** Time is passed in. */
export interface Clock {
  /** Wall time, milliseconds since the epoch. For people and tokens. */
  now(): number;
  /** Milliseconds that never run backwards. For deadlines and durations. */
  monotonic(): number;
}
