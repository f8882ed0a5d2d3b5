import type { Members } from './token.js';

/** A SPIFFE ID: trust domain in small letters, then a path of plain segments, none of them empty, `.` or `..`. */
const workload = /^(spiffe:\/\/[a-z0-9._-]{1,255})((?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+)$/;
const trustDomain = /^spiffe:\/\/[a-z0-9._-]{1,255}$/;

/** An issuer that is a trust domain: its keys are its JWT authorities, and no others. */
export const isTrustDomain = (issuer: string): boolean => trustDomain.test(issuer);

/** The trust domain of a workload, as an issuer; nothing where it is none. */
export const trustDomainOf = (subject: unknown): string | undefined =>
  typeof subject === 'string' && subject.length <= 2048 ? workload.exec(subject)?.[1] : undefined;

/** Who says so. A JWT-SVID may leave `iss` out: its trust domain stands in its `sub`. */
export const issuerOf = (payload: Members): unknown =>
  Object.hasOwn(payload, 'iss') ? payload['iss'] : trustDomainOf(payload['sub']);

/** Why a binding of this subject at this issuer names no workload that the issuer may speak of, or nothing. */
export const spiffeProblem = (issuer: string, subject: string): string | undefined => {
  if (!issuer.startsWith('spiffe:') && !subject.startsWith('spiffe:')) return undefined;
  if (issuer.startsWith('spiffe:') && !isTrustDomain(issuer))
    return 'a trust domain is written spiffe://DOMAIN, in small letters, with nothing behind it';
  const domain = trustDomainOf(subject);
  if (domain === undefined)
    return 'a workload is written spiffe://DOMAIN/PATH: a trust domain alone would be everybody in it';
  return isTrustDomain(issuer) && domain !== issuer
    ? `${issuer} speaks of its own workloads only: register ${domain} as an issuer of its own`
    : undefined;
};
