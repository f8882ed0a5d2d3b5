import type { Check } from './check.js';
import { broken, duration, moment, ok } from './check.js';

const day = 86_400_000;

/** A certificate should be renewed before a sixth of its life is left; a week before its end at the latest. */
export function checkLife(
  name: string,
  { from, to, of }: { readonly from: number; readonly to: number; readonly of: string },
  now: number,
): Check {
  const renew = 'renew it (SALLYPORT_TLS_CERTIFICATE and SALLYPORT_TLS_KEY of the proxy; SIGHUP reads them)';
  if (now >= to)
    return broken(name, `${of} ended at ${moment(to)}, ${duration(now - to)} ago`, renew, 'gate_untrusted');
  if (now < from)
    return broken(
      name,
      `${of} is valid from ${moment(from)} only, in ${duration(from - now)}`,
      'set the clock of this machine, or make the certificate anew',
      'gate_untrusted',
    );
  if (to - now < Math.min(7 * day, (to - from) / 6))
    return broken(name, `${of} ends at ${moment(to)}, in ${duration(to - now)}`, renew);
  return ok(name, `${of}, until ${moment(to)}`);
}
