/**
 * When to renew: between one half and two thirds of the certificate's life, spread by `random` so that nodes which
 * enrolled together do not come together. All in milliseconds; pure.
 */
export function renewAt(notBefore: number, notAfter: number, random: number): number {
  const life = notAfter - notBefore;
  return Math.round(notBefore + life / 2 + (life / 6) * random);
}
