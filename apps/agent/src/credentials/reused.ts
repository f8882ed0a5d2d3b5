import type { Credential, CredentialSource } from './credential.js';

/** A source that costs something to ask, e.g. a program that is started. */
export interface ReusedSource extends CredentialSource {
  /** What it gave last is not good any more. `false`: nothing was remembered, so asking again gives nothing new. */
  forget(): boolean;
}

/** One reading serves all who ask meanwhile, and those who ask within `period` milliseconds after it. A failure serves nobody. */
export function reused(source: CredentialSource, period: number, now: () => number): ReusedSource {
  let reading: Promise<Credential> | undefined;
  let known: { readonly credential: Credential; readonly until: number } | undefined;
  return {
    read: () => {
      if (known !== undefined && now() < known.until) return Promise.resolve(known.credential);
      known = undefined;
      const mine = (reading ??= source.read());
      return mine
        .then((credential) => {
          if (reading === mine && period > 0) known = { credential, until: now() + period };
          return credential;
        })
        .finally(() => {
          if (reading === mine) reading = undefined;
        });
    },
    forget: () => {
      const had = known !== undefined;
      known = undefined;
      // What is being read now was asked for before.
      reading = undefined;
      return had;
    },
  };
}
