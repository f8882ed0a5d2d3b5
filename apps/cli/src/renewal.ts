import { readClaims } from './claims.js';
import { Failure } from './failure.js';
import type { TokenSource } from './token-source.js';

export interface RenewalInput {
  readonly source: TokenSource;
  readonly token: string;
  readonly now: () => number;
  /** Told each token that differs from the one before. */
  readonly renewed: (token: string) => void;
  readonly note: (text: string) => void;
  /** Does something later; the answer takes it back. */
  readonly after: (milliseconds: number, act: () => void) => () => void;
}

const leastWait = 1_000;
const mostWait = 3_600_000;
/** A token that does not tell its end is asked for anew as often. */
const unknownLife = 60_000;

/** How long a token is good for use before the next one should be there: four fifths of what is left of its life. */
export function waitFor(token: string, now: number): number {
  const expires = readClaims(token)?.expires;
  const wait = expires === undefined ? unknownLife : (expires * 1000 - now) * 0.8;
  return Math.min(mostWait, Math.max(leastWait, Math.floor(wait)));
}

/** Asks the source again before the token ends, for as long as it is not stopped; what fails is tried again. */
export function renewToken({ source, token, now, renewed, note, after }: RenewalInput): () => void {
  let stopped = false;
  let takeBack: () => void = () => undefined;
  let current = token;
  let failing = false;
  const schedule = (): void => {
    if (!stopped) takeBack = after(waitFor(current, now()), () => void renew());
  };
  const renew = async (): Promise<void> => {
    try {
      const next = await source();
      if (stopped) return;
      if (next !== current) renewed(next);
      current = next;
      failing = false;
    } catch (error) {
      // Said once, not at every try; the old one is good until it ends.
      if (!failing)
        note(`the token could not be renewed: ${error instanceof Failure ? error.message : 'unknown error'}`);
      failing = true;
    }
    schedule();
  };
  schedule();
  return () => {
    stopped = true;
    takeBack();
  };
}

/** A token that nothing renews: says so once, when it has ended. */
export function tellEnd({ token, now, note, after }: Omit<RenewalInput, 'source' | 'renewed'>): () => void {
  const expires = readClaims(token)?.expires;
  if (expires === undefined) return () => undefined;
  const told = 'the token has ended: new connections are refused; --token-file or --token-command would renew it';
  // Timers end where 32 bits do.
  const wait = Math.min(2 ** 31 - 1, Math.max(0, expires * 1000 - now()));
  return after(wait, () => note(told));
}
