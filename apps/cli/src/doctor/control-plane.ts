import type { RestClient } from '../client.js';
import type { Check } from './check.js';
import { apart, broken, brokenBy, notChecked, ok } from './check.js';

export interface Me {
  readonly kind: string;
  readonly name: string;
  readonly role?: string;
}

export interface ControlPlane {
  readonly checks: readonly Check[];
  /** The clock that is believed: the control plane's where it told its own, else this machine's. */
  readonly now: () => number;
  readonly me: Me | undefined;
}

/** Half of what a token's times may be off. */
const mostApart = 30_000;

/** Is it there, can it work, whom does it take us for, and is our clock right? */
export async function checkControlPlane(client: RestClient, now: () => number): Promise<ControlPlane> {
  const before = now();
  let ready;
  try {
    ready = await client.look('/readyz');
  } catch (error) {
    const unknown = ['control plane login', 'clock'].map((name) =>
      notChecked(name, 'the control plane is not reached'),
    );
    return { checks: [brokenBy('control plane', error), ...unknown], now, me: undefined };
  }
  const after = now();
  // To the second, so half of one is what it is off by at most.
  const theirs = ready.date === null ? Number.NaN : Date.parse(ready.date) + 500;
  const ahead = (before + after) / 2 - theirs;
  const { check, me } = await whoAmI(client);
  return {
    checks: [checkReady(client.url, ready), check, checkClock(ahead)],
    now: Number.isFinite(ahead) ? () => now() - ahead : now,
    me,
  };
}

function checkReady(url: string, { status, body }: Awaited<ReturnType<RestClient['look']>>): Check {
  if (status === 200) return ok('control plane', `${url} answers and is ready`);
  const checks = (body as { readonly checks?: Readonly<Record<string, string>> } | undefined)?.checks ?? {};
  const failed = Object.entries(checks).flatMap(([name, state]) => (state === 'ok' ? [] : [name]));
  return broken(
    'control plane',
    `${url} answers ${status}: not ready${failed.length === 0 ? '' : ` (${failed.join(', ')})`}`,
    'bring back what it lacks; proxies go on without it for SALLYPORT_MAX_STALENESS',
    'unavailable',
  );
}

async function whoAmI(client: RestClient): Promise<{ readonly check: Check; readonly me: Me | undefined }> {
  try {
    const me = (await client.get('/v1/me')) as Me;
    return { check: ok('control plane login', `you are ${me.name} (${me.role ?? me.kind})`), me };
  } catch (error) {
    return { check: brokenBy('control plane login', error), me: undefined };
  }
}

function checkClock(ahead: number): Check {
  if (!Number.isFinite(ahead)) return notChecked('clock', 'the control plane does not tell its time');
  const says = `the clock of this machine ${apart(ahead)} the control plane’s`;
  return Math.abs(ahead) <= mostApart
    ? ok('clock', says)
    : broken('clock', says, 'set it by NTP: tokens, tickets and certificates go by the time');
}
