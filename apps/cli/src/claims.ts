/** What a token says of itself; nobody verified it. */
export interface Claims {
  readonly issuer: string;
  readonly subject: string;
  readonly audiences: readonly string[];
  /** Seconds since the epoch. */
  readonly expires: number | undefined;
  readonly notBefore: number | undefined;
  readonly issued: number | undefined;
  readonly all: Readonly<Record<string, unknown>>;
}

const longest = 16_384;

/** `undefined`: it is no signed JWT. */
export function readClaims(token: string): Claims | undefined {
  const [, body] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token) ?? [];
  if (body === undefined || token.length > longest) return undefined;
  try {
    const all = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as unknown;
    if (typeof all !== 'object' || all === null || Array.isArray(all)) return undefined;
    const claims = all as Readonly<Record<string, unknown>>;
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
    const { iss, sub, aud, exp, nbf, iat } = claims;
    return {
      issuer: text(iss),
      subject: text(sub),
      audiences: (Array.isArray(aud) ? aud : [aud]).filter((each): each is string => typeof each === 'string'),
      expires: number(exp),
      notBefore: number(nbf),
      issued: number(iat),
      all: claims,
    };
  } catch {
    return undefined;
  }
}
