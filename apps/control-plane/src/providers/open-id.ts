import * as openid from 'openid-client';
import type { Configuration, ServerMetadata } from 'openid-client';
import type { IdentityProvider } from '../db/generated/client.js';
import { fetchGuarded } from '../identity/fetch-document.js';
import { keptMetadata } from './provider.js';
import type { Person } from './people.js';
import { SignInRefused } from './sign-in-refused.js';

export interface OpenIdClient {
  readonly provider: IdentityProvider;
  readonly clientSecret: string | null;
  readonly redirectUri: string;
  readonly allowPrivate: boolean;
}

/** What the end of a sign-in must fit. */
export interface OpenIdSecrets {
  readonly nonce: string;
  readonly verifier: string;
}

/** OpenID Connect Core: the authorization code flow with PKCE, state and nonce. */
export async function beginOpenId(client: OpenIdClient) {
  const state = openid.randomState();
  const secrets: OpenIdSecrets = { nonce: openid.randomNonce(), verifier: openid.randomPKCECodeVerifier() };
  const url = openid.buildAuthorizationUrl(configurationOf(client), {
    redirect_uri: client.redirectUri,
    scope: client.provider.scopes.join(' '),
    state,
    nonce: secrets.nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(secrets.verifier),
    code_challenge_method: 'S256',
  });
  return { url, state, secrets };
}

export interface OpenIdPerson extends Person {
  /** `sid`: the session's name there. */
  readonly session: string | undefined;
}

/** @throws SignInRefused */
export async function finishOpenId(
  client: OpenIdClient,
  { answer, state, secrets }: { readonly answer: URL; readonly state: string; readonly secrets: OpenIdSecrets },
): Promise<OpenIdPerson> {
  const configuration = configurationOf(client);
  try {
    const tokens = await openid.authorizationCodeGrant(configuration, answer, {
      expectedState: state,
      expectedNonce: secrets.nonce,
      pkceCodeVerifier: secrets.verifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    // OpenID Connect Core, 2: at most 255 ASCII characters.
    if (claims === undefined || !/^[\x20-\x7e]{1,255}$/.test(claims.sub))
      throw new SignInRefused('answer_invalid', 'subject');
    const more =
      configuration.serverMetadata().userinfo_endpoint === undefined
        ? {}
        : await openid.fetchUserInfo(configuration, tokens.access_token, claims.sub);
    const { sid } = claims;
    return {
      subject: claims.sub,
      claims: { ...more, ...claims },
      session: typeof sid === 'string' && /^[\x20-\x7e]{1,500}$/.test(sid) ? sid : undefined,
    };
  } catch (cause) {
    throw refusalOf(cause);
  }
}

/** Where the browser ends its session there (RP-Initiated Logout 1.0); `undefined`: it has no such place. */
export function endSessionUrl(client: OpenIdClient, returnTo: string): URL | undefined {
  if (keptMetadata(client.provider).server['end_session_endpoint'] === undefined) return undefined;
  return openid.buildEndSessionUrl(configurationOf(client), { post_logout_redirect_uri: returnTo });
}

function configurationOf({ provider, clientSecret, allowPrivate }: OpenIdClient): Configuration {
  const { server, keys } = keptMetadata(provider);
  const methods = server['token_endpoint_auth_methods_supported'];
  const posts = Array.isArray(methods) && !methods.includes('client_secret_basic');
  const authentication =
    clientSecret === null
      ? openid.None()
      : posts
        ? openid.ClientSecretPost(clientSecret)
        : openid.ClientSecretBasic(clientSecret);
  const configuration = new openid.Configuration(
    server as unknown as ServerMetadata,
    provider.clientId ?? '',
    { [openid.clockTolerance]: 60, ...signedBy(server) },
    authentication,
  );
  if (allowPrivate) openid.allowInsecureRequests(configuration);
  // Else the signature of an ID token would be taken on trust.
  openid.enableNonRepudiationChecks(configuration);
  // A minute old: what these keys do not verify sends it to read the newest ones.
  const uat = Math.floor(Date.now() / 1000) - 61;
  openid.setJwksCache(configuration, { jwks: { keys: keys as never }, uat });
  configuration[openid.customFetch] = async (url, { method, headers, body }) => {
    const asked = { method, headers, body: body === undefined || body === null ? undefined : String(body) };
    const answer = await fetchGuarded(url, asked, { allowPrivate }).catch((cause: unknown) => {
      throw new SignInRefused('provider_unreachable', cause instanceof Error ? cause.message : '');
    });
    return new Response(answer.body === '' ? null : answer.body, { status: answer.status, headers: answer.headers });
  };
  return configuration;
}

/** Of a provider that signs with one algorithm only, that one. */
function signedBy(server: Readonly<Record<string, unknown>>): { id_token_signed_response_alg?: string } {
  const supported = server['id_token_signing_alg_values_supported'];
  const [only, second] = Array.isArray(supported) ? (supported as readonly string[]) : [];
  return only !== undefined && second === undefined ? { id_token_signed_response_alg: only } : {};
}

function refusalOf(cause: unknown): SignInRefused {
  for (let each = cause; each instanceof Error; each = each.cause) if (each instanceof SignInRefused) return each;
  if (cause instanceof openid.AuthorizationResponseError)
    return new SignInRefused('provider_refused', /^[a-z_]{1,40}$/.test(cause.error) ? cause.error : '');
  if (cause instanceof openid.ResponseBodyError) return new SignInRefused('answer_invalid', `token: ${cause.error}`);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  return new SignInRefused('answer_invalid', code);
}
