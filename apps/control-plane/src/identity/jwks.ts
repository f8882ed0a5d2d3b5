import { z } from 'zod';

/** A public key of an issuer, as it is pinned and streamed to proxies. */
export type PublicJwk = Readonly<Record<string, unknown>>;

const base64url = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/)
  .max(2_000);
const common = {
  kid: z.string().max(500).optional(),
  alg: z.string().max(40).optional(),
  use: z.enum(['sig', 'jwt-svid']).optional(),
};
/** 2048 bits are 342 characters. */
const rsa = z.object({
  kty: z.literal('RSA'),
  ...common,
  n: base64url.min(342, 'an RSA key of less than 2048 bits'),
  e: base64url.max(20),
});
const ec = z.object({
  kty: z.literal('EC'),
  ...common,
  crv: z.enum(['P-256', 'P-384', 'P-521']),
  x: base64url,
  y: base64url,
});
const okp = z.object({ kty: z.literal('OKP'), ...common, crv: z.enum(['Ed25519']), x: base64url });

/** Only the public members of a key that may verify are kept; a symmetric or private key is refused. */
export const publicJwk = z
  .looseObject({ kty: z.string() })
  .refine((key) => !('d' in key) && !('k' in key), 'is a private or symmetric key: give the public one')
  .pipe(z.discriminatedUnion('kty', [rsa, ec, okp]));

const document = z.object({ keys: z.array(z.unknown()).max(50) });

/** Keys of a JWK set that can verify signatures; those for other uses are passed over. */
export function publicKeysOf(text: string): readonly PublicJwk[] {
  const { keys } = document.parse(JSON.parse(text));
  return keys.flatMap((key) => {
    const parsed = publicJwk.safeParse(key);
    return parsed.success ? [parsed.data] : [];
  });
}
