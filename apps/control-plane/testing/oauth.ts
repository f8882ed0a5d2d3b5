import { SignJWT, decodeJwt, exportJWK, generateKeyPair } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import type { Answer, Rest, TestPlane } from './plane.js';

/** A platform whose tokens the test signs itself, so that it can forge any. */
export interface TestPlatform {
  readonly issuer: string;
  readonly publicJwk: JWK;
  token(subject: string, claims?: JWTPayload): Promise<string>;
}

export const audience = 'https://sallyport.test';

export const grant = {
  refresh: 'refresh_token',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
} as const;
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
export const jwtType = 'urn:ietf:params:oauth:token-type:jwt';

/** Registers it as an issuer, with its key pinned, and one subagent for each name. */
export async function startPlatform({ admin }: TestPlane, ...subagents: readonly string[]): Promise<TestPlatform> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const issuer = 'https://platform.test';
  const publicJwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
  await admin('PUT', '/v1/issuers/platform', { issuer, keys: [publicJwk], audiences: [audience] });
  for (const name of subagents)
    await admin('PUT', `/v1/subagents/${name}`, { issuer: 'platform', claims: { sub: name } });
  return {
    issuer,
    publicJwk,
    token: (subject, claims = {}) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: issuer, aud: audience, sub: subject, iat: now, exp: now + 600, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .sign(privateKey);
    },
  };
}

export type Form = Readonly<Record<string, string | undefined>>;

/** Sends a form, as OAuth wants it. */
export const sendForm = (
  rest: Rest,
  path: string,
  fields: Form | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => {
  const pairs =
    typeof fields === 'string'
      ? []
      : Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  const body = typeof fields === 'string' ? fields : new URLSearchParams(pairs).toString();
  return rest('POST', path, body, { 'content-type': 'application/x-www-form-urlencoded', ...headers });
};

/** The ways to a token that need no person. */
export function askFor(plane: TestPlane, platform: TestPlatform) {
  const ask = (fields: Form, headers?: Readonly<Record<string, string>>): Promise<Answer> =>
    sendForm(plane.nobody, '/oauth/token', fields, headers);
  const assertion = async (subject: string, more: Form = {}): Promise<Answer> =>
    ask({ grant_type: grant.jwtBearer, assertion: await platform.token(subject), ...more });
  const exchange = (subject: string, more: Form = {}): Promise<Answer> =>
    ask({ grant_type: grant.exchange, subject_token: subject, subject_token_type: accessTokenType, ...more });
  /** `token` handed on to a subagent that acts for it. */
  const delegate = async (token: string, to: string, more: Form = {}): Promise<Answer> =>
    exchange(token, { actor_token: await platform.token(to), actor_token_type: jwtType, ...more });
  return { ask, assertion, exchange, delegate };
}

export const tokenOf = (answer: Answer): string => {
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return String(answer.body['access_token']);
};
export const claimsOf = (answer: Answer): JWTPayload => decodeJwt(tokenOf(answer));
export const errorOf = ({ status, body }: Answer): readonly unknown[] => [status, body['error']];
/** RFC 9396, of entries of our type. */
export const details = (...entries: readonly object[]): string =>
  JSON.stringify(entries.map((entry) => ({ type: 'sallyport_connection', ...entry })));
