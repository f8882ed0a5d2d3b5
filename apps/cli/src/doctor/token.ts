import type { Claims } from '../claims.js';
import { loginCauses } from '../errors/causes.js';
import type { Check } from './check.js';
import { broken, duration, moment, notChecked, ok } from './check.js';

/** As a proxy allows it. */
const skew = 60;

/** `now` in milliseconds, by the clock that is believed. */
export function checkTime({ expires, notBefore, issued }: Claims, now: number): Check {
  const name = 'token time';
  const because = (cause: keyof typeof loginCauses, says: string): Check =>
    broken(name, says, loginCauses[cause].next, cause === 'expired' ? 'expired' : cause);
  const seconds = now / 1000;
  if (expires === undefined) return because('bad_claims', 'it has no end (exp), so it is refused');
  if (seconds >= expires)
    return because('expired', `it expired at ${moment(expires * 1000)}, ${duration(now - expires * 1000)} ago`);
  if (notBefore !== undefined && notBefore > seconds + skew)
    return because('not_yet_valid', `it is valid from ${moment(notBefore * 1000)} only`);
  if (issued !== undefined && issued > seconds + skew)
    return because('issued_in_future', `it was issued at ${moment(issued * 1000)}, which is yet to come`);
  return ok(name, `valid until ${moment(expires * 1000)}, for ${duration(expires * 1000 - now)}`);
}

export interface Issuer {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  readonly audiences: readonly string[];
}

export interface Subagent {
  readonly name: string;
  /** Name of its issuer. */
  readonly issuer: string;
  readonly claims: Readonly<Record<string, string>>;
  readonly disabled: boolean;
  /** Tokens from before this are revoked. */
  readonly notBefore: string;
}

/** Against what is registered; only who may read that can. */
export function checkRegistered(
  claims: Claims,
  registered: { readonly issuers: readonly Issuer[]; readonly subagents: readonly Subagent[] } | undefined,
): readonly Check[] {
  const because = (name: string, cause: keyof typeof loginCauses, says: string): Check =>
    broken(name, says, loginCauses[cause].next, cause);
  if (registered === undefined) {
    const who = 'an admin or auditor who is logged in sees what is registered';
    return [
      notChecked('token issuer', `it is of ${claims.issuer}; ${who}`),
      notChecked('token audience', `it is for ${claims.audiences.join(', ')}; ${who}`),
    ];
  }
  const issuer = registered.issuers.find((each) => each.issuer === claims.issuer);
  if (issuer === undefined)
    return [
      because('token issuer', 'unknown_issuer', `no issuer is registered with ${claims.issuer}`),
      notChecked('token audience', 'its issuer is not known'),
      notChecked('token subagent', 'its issuer is not known'),
    ];
  const audience = claims.audiences.find((each) => issuer.audiences.includes(each));
  const [subagent, second] = registered.subagents.filter(
    (each) =>
      each.issuer === issuer.name && Object.entries(each.claims).every(([name, value]) => claimIs(claims, name, value)),
  );
  return [
    ok('token issuer', `${claims.issuer}, registered as ${issuer.name}`),
    audience === undefined
      ? because(
          'token audience',
          'wrong_audience',
          `it is for ${claims.audiences.join(', ') || 'nobody'}; ${issuer.name} takes ${issuer.audiences.join(', ')}`,
        )
      : ok('token audience', audience),
    subagent === undefined
      ? because('token subagent', 'unknown_subagent', `no subagent of ${issuer.name} is bound to sub ${claims.subject}`)
      : second !== undefined
        ? because('token subagent', 'ambiguous_subagent', `it fits ${subagent.name} and ${second.name}`)
        : subagent.disabled
          ? because('token subagent', 'disabled', `${subagent.name} is disabled`)
          : isRevoked(subagent, claims)
            ? because(
                'token subagent',
                'revoked',
                `tokens of ${subagent.name} from before ${subagent.notBefore} are revoked`,
              )
            : ok('token subagent', `it is bound to ${subagent.name}`),
  ];
}

const isRevoked = ({ notBefore }: Subagent, { issued }: Claims): boolean =>
  (issued ?? 0) < Math.floor(Date.parse(notBefore) / 1000);

/** By name, or by JSON pointer, as bindings are written; numbers count as their text. */
function claimIs({ all }: Claims, name: string, expected: string): boolean {
  let value: unknown = all;
  for (const step of name.startsWith('/') ? name.slice(1).split('/') : [name]) {
    const key = name.startsWith('/') ? step.replaceAll('~1', '/').replaceAll('~0', '~') : step;
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value === expected || (Number.isSafeInteger(value) && String(value) === expected);
}
