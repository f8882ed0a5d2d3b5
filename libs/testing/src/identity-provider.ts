import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

/** A machine client of the identity provider; its tokens carry `sub` = its id. */
export interface IdentityProviderClient {
  readonly id: string;
  readonly secret: string;
  /** Lifetime of its tokens, seconds. Default 3600. */
  readonly lifetime?: number;
  /** Further claims of its tokens. */
  readonly claims?: Readonly<Record<string, string>>;
}

export interface TestIdentityProvider {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly tokenEndpoint: string;
  /** A token by the client-credentials flow, as a subagent's platform would fetch it. */
  token(clientId: string, audience: string): Promise<string>;
  stop(): Promise<void>;
}

/** A real OIDC provider on loopback that issues JWT access tokens for any audience (resource) it is asked for. */
export async function startIdentityProvider(options: {
  readonly clients: readonly IdentityProviderClient[];
  readonly port?: number;
}): Promise<TestIdentityProvider> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const byId = new Map(options.clients.map((client) => [client.id, client]));
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'signing', alg: 'ES256', use: 'sig' }] },
    clients: options.clients.map((client) => ({
      client_id: client.id,
      client_secret: client.secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256' as const,
    })),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string, client: { readonly clientId: string }) => ({
          scope: '',
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: byId.get(client.clientId)?.lifetime ?? 3600,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    ttl: {
      ClientCredentials: (_context: unknown, _token: unknown, client: { readonly clientId: string }) =>
        byId.get(client.clientId)?.lifetime ?? 3600,
    },
    extraTokenClaims: (_context: unknown, token: { readonly clientId?: string }) =>
      byId.get(token.clientId ?? '')?.claims ?? {},
  });
  server.on('request', provider.callback());
  const tokenEndpoint = `${issuer}/token`;
  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    tokenEndpoint,
    token: (clientId, audience) => fetchToken(tokenEndpoint, clientId, byId.get(clientId)?.secret ?? '', audience),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** RFC 6749, 4.4 with a resource indicator (RFC 8707). */
export async function fetchToken(endpoint: string, id: string, secret: string, audience: string): Promise<string> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
  });
  const body = (await response.json()) as { readonly access_token?: string; readonly error_description?: string };
  if (body.access_token === undefined)
    throw new Error(`no token for ${id}: ${body.error_description ?? response.status}`);
  return body.access_token;
}
