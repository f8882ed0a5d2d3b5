import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWTPayload } from 'jose';

/** A provider that answers whatever a test wants, signed by keys that it changes at will. */
export class ForgingProvider {
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void this.#answer(request.url ?? '', Buffer.concat(chunks).toString('utf8')).then((body) => {
        response.statusCode = body === undefined ? 404 : this.status;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(body ?? {}));
      });
    });
  });
  issuer = '';
  status = 200;
  /** Further metadata. */
  metadata: object = {};
  /** What the token endpoint was asked. */
  asked: URLSearchParams | undefined;
  /** The ID token that it answers; null: none. */
  idToken: (() => Promise<string | null>) | undefined;
  #key: { readonly id: string; readonly secret: CryptoKey; readonly open: object } | undefined;

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.issuer = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    await this.rotate('one');
  }

  async rotate(id: string): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    this.#key = {
      id,
      secret: privateKey,
      open: { ...(await exportJWK(publicKey)), kid: id, alg: 'ES256', use: 'sig' },
    };
  }

  sign(payload: JWTPayload, header: object = {}): Promise<string> {
    const key = this.#key;
    if (key === undefined) throw new Error('not started');
    return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: key.id, ...header }).sign(key.secret);
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(path: string, body: string): Promise<object | undefined> {
    const { issuer } = this;
    if (path === '/.well-known/openid-configuration')
      return {
        ...{ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` },
        ...{ jwks_uri: `${issuer}/keys`, id_token_signing_alg_values_supported: ['ES256'] },
        ...this.metadata,
      };
    if (path === '/keys') return { keys: [this.#key?.open] };
    if (path !== '/token') return undefined;
    this.asked = new URLSearchParams(body);
    const idToken = await this.idToken?.();
    return { access_token: 'x', token_type: 'Bearer', ...(idToken === null ? {} : { id_token: idToken }) };
  }
}
