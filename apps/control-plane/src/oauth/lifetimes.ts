/** Milliseconds that an access token lives at the longest. */
export const longestToken = 3_600_000;
/** Seconds; shorter ones are over before they are used. */
export const shortestToken = 30;
/** Milliseconds that a device waits for a person. */
export const deviceCodeLife = 600_000;
