declare const permitBrand: unique symbol;

/**
 * The right to write bytes to a target. Only `@sallyport/policy` mints one (lint bans the cast everywhere else), so a
 * path from a client to a target that never asked does not compile.
 */
export interface Permit {
  readonly [permitBrand]: 'permit';
  /** `login`: start-up and housekeeping of one session. `command`: exactly one decided command. */
  readonly scope: 'login' | 'command';
}
