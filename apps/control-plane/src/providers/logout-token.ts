import { tokenAlgorithms } from '@sallyport/identity';
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import type { IdentityProvider } from '../db/generated/client.js';
import { keptMetadata } from './provider.js';

const event = 'http://schemas.openid.net/event/backchannel-logout';
const algorithms = [...tokenAlgorithms];

export interface LogoutToken {
  readonly id: string;
  readonly subject: string | undefined;
  readonly session: string | undefined;
  readonly expiresAt: Date;
}

/** OpenID Connect Back-Channel Logout 1.0, 2.6; or which check failed. That it comes once is for the caller. */
export async function verifyLogoutToken(
  provider: IdentityProvider,
  token: string,
): Promise<LogoutToken | 'unknown_key' | 'malformed' | 'unverified'> {
  const keys = createLocalJWKSet({ keys: keptMetadata(provider).keys as never });
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      ...{ issuer: provider.issuer, audience: provider.clientId ?? '', algorithms, clockTolerance: 60 },
      requiredClaims: ['iat', 'jti'],
      maxTokenAge: 300,
    });
    const { typ } = protectedHeader;
    if (typ !== undefined && !/^(?:application\/)?(?:logout\+jwt|jwt)$/i.test(typ)) return 'malformed';
    const { jti, sub, sid, events, nonce, iat } = payload;
    // An ID token has a nonce: it must not do for a logout token.
    if (nonce !== undefined || typeof jti !== 'string' || !/^[\x20-\x7e]{1,500}$/.test(jti)) return 'malformed';
    const named = typeof events === 'object' && events !== null && Object.hasOwn(events, event);
    if (!named || (sub === undefined && typeof sid !== 'string')) return 'malformed';
    // Kept for longer than any that is taken can live.
    const expiresAt = new Date(((iat ?? 0) + 600) * 1000);
    return { id: jti, subject: sub, session: typeof sid === 'string' ? sid : undefined, expiresAt };
  } catch (cause) {
    return cause instanceof errors.JWKSNoMatchingKey ? 'unknown_key' : 'unverified';
  }
}
