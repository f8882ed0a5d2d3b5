import {
  ClientSecretBasic,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
  allowInsecureRequests,
  clientCredentialsGrant,
  discovery,
} from 'openid-client';
import { causeOf } from './cause.js';
import { Failure, exitCodes } from './failure.js';
import { secretUrl } from './secret-url.js';
import { trustSystem } from './trust.js';

export interface ClientCredentials {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Further parameters of the token request: whom the token is for, its scope. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface IssuedToken {
  readonly token: string;
  /** Seconds, where the provider tells. */
  readonly expiresIn: number | undefined;
}

const patienceSeconds = 15;

/** OIDC discovery, then OAuth 2.0 client credentials (RFC 6749 section 4.4). */
export async function fetchToken(credentials: ClientCredentials): Promise<IssuedToken> {
  const { clientId, clientSecret, parameters } = credentials;
  const issuer = new URL(secretUrl('the identity provider’s address', credentials.issuer));
  if (issuer.protocol === 'https:') trustSystem();
  try {
    const provider = await discovery(issuer, clientId, undefined, ClientSecretBasic(clientSecret), {
      // `secretUrl` let http pass for this machine alone; so what the provider names is held to the same.
      ...(issuer.protocol === 'http:' ? { execute: [allowInsecureRequests] } : {}),
      timeout: patienceSeconds,
    });
    secretUrl('the token endpoint', provider.serverMetadata().token_endpoint ?? '');
    const answer = await clientCredentialsGrant(provider, { ...parameters });
    return { token: answer.access_token, expiresIn: answer.expires_in };
  } catch (cause) {
    throw cause instanceof Failure ? cause : failureOf(cause, credentials.issuer);
  }
}

/** What the provider said, in a body (RFC 6749) or in a header (RFC 9110). */
function refusalOf(cause: unknown): { readonly error: string; readonly description: string | undefined } | undefined {
  if (cause instanceof ResponseBodyError) return { error: cause.error, description: cause.error_description };
  if (!(cause instanceof WWWAuthenticateChallengeError)) return undefined;
  const parameters = cause.cause[0]?.parameters ?? {};
  return { error: parameters.error ?? 'invalid_client', description: parameters.error_description };
}

function failureOf(cause: unknown, issuer: string): Failure {
  const refusal = refusalOf(cause);
  if (refusal !== undefined)
    return new Failure(`the identity provider gave no token: ${refusal.description ?? refusal.error}`, {
      hint: 'check the client id, its secret, and what it may ask tokens for',
      exitCode: exitCodes.denied,
    });
  return new Failure(`no token could be had from ${issuer}: ${causeOf(cause).reason}`, {
    hint: 'is the identity provider up, and is this its issuer, to the letter?',
    exitCode: exitCodes.unavailable,
  });
}
