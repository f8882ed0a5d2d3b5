import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

export interface SignInProvider {
  readonly issuer: string;
  stop(): Promise<void>;
}

/** Claims of a person by the name that they type. */
export type TestPeople = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A real OIDC provider on loopback with a page where people type their name, for one confidential client. */
export async function startSignInProvider(options: {
  readonly people: TestPeople;
  readonly client: {
    readonly id: string;
    readonly secret: string;
    readonly redirectUri: string;
    readonly backChannelLogoutUri: string;
    readonly afterLogoutUri: string;
  };
}): Promise<SignInProvider> {
  const { people, client } = options;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const provider: Provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'signing', alg: 'ES256', use: 'sig' }] },
    cookies: { keys: ['of the test'] },
    clients: [
      {
        ...{ client_id: client.id, client_secret: client.secret, redirect_uris: [client.redirectUri] },
        ...{ grant_types: ['authorization_code'], response_types: ['code'], id_token_signed_response_alg: 'ES256' },
        ...{ backchannel_logout_uri: client.backChannelLogoutUri, backchannel_logout_session_required: true },
        post_logout_redirect_uris: [client.afterLogoutUri],
      },
    ],
    claims: { openid: ['sub', 'sid'], profile: ['preferred_username', 'groups'], email: ['email'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    findAccount: (_context: unknown, id: string) => {
      const claims = people[id];
      return claims === undefined ? undefined : { accountId: id, claims: () => ({ sub: id, ...claims }) };
    },
    interactions: { url: (_context: unknown, { uid }: { readonly uid: string }) => `/sign-in/${uid}` },
    loadExistingGrant: async (context) => {
      const { session, client: asking } = context.oidc;
      const grant = new provider.Grant({ accountId: session?.accountId, clientId: asking?.clientId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    // It reaches us on loopback only.
    fetch: (url, init) => fetch(url, { ...init, dispatcher: undefined } as RequestInit),
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/sign-in/') !== true) void answer(request, response);
    else
      void signIn(provider, request, response).catch((cause: unknown) => {
        response.statusCode = 400;
        response.end(String(cause));
      });
  });
  return {
    issuer,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function signIn(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html');
    response.end(
      '<!doctype html><title>Sign in</title><form method="post"><input name="login" autofocus><button>Go</button></form>',
    );
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const accountId = new URLSearchParams(Buffer.concat(chunks).toString('utf8')).get('login') ?? '';
  await provider.interactionFinished(request, response, { login: { accountId } });
}
