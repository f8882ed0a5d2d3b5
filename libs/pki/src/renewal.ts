/**
 * When to renew, in the units given: after two thirds of the life, earlier by up to a tenth of it (`jitter` in [0, 1)),
 * so that nodes that came up together do not come together again.
 */
export const renewAt = (notBefore: number, notAfter: number, jitter: number): number => {
  const life = Math.max(0, notAfter - notBefore);
  return Math.round(notBefore + (life * 2) / 3 - (life / 10) * Math.min(Math.max(jitter, 0), 1));
};
