import { experimental } from '@grpc/grpc-js';
import type { ServerCredentials } from '@grpc/grpc-js';
import {
  certificatePem,
  checkRequest,
  createRequest,
  issueCertificate,
  privateKeyPem,
  renewAt,
  retryRenewalIn,
} from '@sallyport/pki';
import type { Keys } from './keyring.js';

type Provider = Parameters<typeof experimental.createCertificateProviderServerCredentials>[0];
type Listener<Name extends 'addCaCertificateListener' | 'addIdentityCertificateListener'> = Parameters<
  Provider[Name]
>[0];

/** The control plane's own certificate, renewed in time; what is connected stays connected. */
export class ServerCertificate {
  readonly #keys: Keys;
  readonly #names: readonly string[];
  readonly #lifetime: number;
  readonly #ca: Buffer;
  readonly #listeners = new Set<Listener<'addIdentityCertificateListener'>>();
  #identity: { readonly certificate: Buffer; readonly privateKey: Buffer } | null = null;
  #timer: NodeJS.Timeout | undefined;
  #expiresAt = 0;

  constructor(keys: Keys, names: readonly string[], lifetime: number) {
    this.#keys = keys;
    this.#names = names;
    this.#lifetime = lifetime;
    this.#ca = Buffer.from(certificatePem(keys.authority.certificate));
  }

  async start(): Promise<void> {
    const now = Date.now();
    const { privateKey, request } = await createRequest();
    const publicKey = await checkRequest(request);
    if (publicKey === undefined) throw new Error('our own request does not hold');
    const { authority, tenant } = this.#keys;
    const identity = { tenant, kind: 'control-plane', name: 'control-plane' } as const;
    const leaf = await issueCertificate({
      authority,
      publicKey,
      identity,
      hosts: this.#names,
      now,
      lifetime: this.#lifetime,
    });
    // The authority comes along: a join token pins it.
    const certificate = Buffer.concat([Buffer.from(certificatePem(leaf)), this.#ca]);
    this.#identity = { certificate, privateKey: Buffer.from(privateKeyPem(privateKey)) };
    this.#expiresAt = now + this.#lifetime;
    for (const listener of this.#listeners) listener(this.#identity);
    const delay = renewAt(now, now + this.#lifetime, Math.random()) - now;
    this.#timer = setTimeout(() => void this.start().catch(() => this.#again()), delay).unref();
  }

  isValid(): boolean {
    return Date.now() < this.#expiresAt;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** `mutual`: only nodes with a certificate of ours. */
  credentials(mutual: boolean): ServerCredentials {
    const provider: Provider = {
      addCaCertificateListener: (listener: Listener<'addCaCertificateListener'>) =>
        process.nextTick(listener, { caCertificate: this.#ca }),
      removeCaCertificateListener: () => undefined,
      addIdentityCertificateListener: (listener) => {
        this.#listeners.add(listener);
        process.nextTick(() => listener(this.#identity));
      },
      removeIdentityCertificateListener: (listener) => void this.#listeners.delete(listener),
    };
    return experimental.createCertificateProviderServerCredentials(provider, mutual ? provider : null, mutual);
  }

  #again(): void {
    const delay = retryRenewalIn(this.#expiresAt - Date.now(), Math.random());
    this.#timer = setTimeout(() => void this.start().catch(() => this.#again()), delay).unref();
  }
}
