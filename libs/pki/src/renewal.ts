/**
 * When to renew: between one half and two thirds of the certificate's life, spread by `random` so that nodes which
 * enrolled together do not come together. All in milliseconds; pure.
 */
export function renewAt(issuedAt: number, notAfter: number, random: number): number {
  const life = notAfter - issuedAt;
  return Math.round(issuedAt + life / 2 + (life / 6) * random);
}

/** After an attempt that failed: sooner the less is left, between a second and a minute, spread likewise. Pure. */
export function retryRenewalIn(left: number, random: number): number {
  const most = Math.min(60_000, Math.max(1_000, left / 20));
  return Math.round(most / 2 + (most / 2) * random);
}
