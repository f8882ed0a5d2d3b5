import { connect } from 'node:tls';
import type { DetailedPeerCertificate } from 'node:tls';
import { Metadata, credentials as grpc } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { CertificateServiceClient, EnrolmentServiceClient, NodeKind } from '@sallyport/contracts';
import { fingerprintOf } from './authority.js';
import { channelCredentials, channelOptions, mustBeControlPlane } from './channel.js';
import { credentialsOf } from './credentials.js';
import type { NodeCredentials } from './credentials.js';
import { parseJoinToken } from './join-token.js';
import { certificatePem } from './pem.js';
import { createKeyAndRequest } from './request.js';
import type { CredentialStore } from './store.js';

export interface Enrolment {
  /** host:port of the enrolment listener. */
  readonly address: string;
  readonly joinToken: string;
  readonly kind: 'proxy' | 'agent';
  readonly name: string;
  readonly store: CredentialStore;
}

export interface Renewal {
  /** host:port of the control listener. */
  readonly address: string;
  readonly kind: 'proxy' | 'agent';
  readonly store: CredentialStore;
}

const patience = 15_000;

/** Buys the first certificate. Nothing secret is sent before the authority that the join token pins has shown itself. */
export async function enrol({ address, joinToken, kind, name, store }: Enrolment): Promise<NodeCredentials> {
  const token = parseJoinToken(joinToken);
  if (token === undefined) throw new Error('the join token is not one: it looks like spj_<fingerprint>_<secret>');
  const authority = await pinnedAuthority(address, token.fingerprint);
  const { privateKey, request } = await createKeyAndRequest();
  const channel = grpc.createSsl(Buffer.from(certificatePem(authority)), null, null, {
    checkServerIdentity: mustBeControlPlane(undefined),
  });
  const client = new EnrolmentServiceClient(address, channel, channelOptions);
  try {
    const { credentials } = await unary<{ credentials: Parameters<typeof credentialsOf>[1] }>((done) =>
      client.enrol(
        {
          joinToken: token.secret,
          kind: kind === 'proxy' ? NodeKind.NODE_KIND_PROXY : NodeKind.NODE_KIND_AGENT,
          name,
          certificateRequest: Buffer.from(request),
        },
        new Metadata(),
        { deadline: Date.now() + patience },
        done,
      ),
    );
    const got = credentialsOf(privateKey, credentials, { kind, name });
    if (!got.authorities.some((each) => fingerprintOf(each) === token.fingerprint))
      throw new Error('the control plane answered with other authorities than the one that the join token pins');
    store.write(got);
    return got;
  } finally {
    client.close();
  }
}

/** A new key and certificate under the same name, before the old one expires. */
export async function renew({ address, kind, store }: Renewal): Promise<NodeCredentials> {
  const old = store.read();
  if (old === undefined) throw new Error('nothing to renew: this node never enrolled');
  const { privateKey, request } = await createKeyAndRequest();
  const client = new CertificateServiceClient(address, channelCredentials(old), channelOptions);
  try {
    const { credentials } = await unary<{ credentials: Parameters<typeof credentialsOf>[1] }>((done) =>
      client.renew(
        { certificateRequest: Buffer.from(request) },
        new Metadata(),
        { deadline: Date.now() + patience },
        done,
      ),
    );
    const got = credentialsOf(privateKey, credentials, { kind, name: old.name });
    if (got.tenant !== old.tenant) throw new Error('the control plane answered for another tenant');
    store.write(got);
    return got;
  } finally {
    client.close();
  }
}

/**
 * The authority's certificate as the server shows it, if it is the pinned one. This first connection sends nothing: the
 * next one is verified against what was found here.
 */
function pinnedAuthority(address: string, fingerprint: string): Promise<Uint8Array> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(address.slice(at + 1)), rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    socket.setTimeout(patience, () => socket.destroy(new Error(`${address} does not answer`)));
    socket.once('error', (problem) => reject(new Error(`cannot reach ${address}: ${problem.message}`)));
    socket.once('secureConnect', () => {
      const found = chainOf(socket.getPeerCertificate(true)).find((each) => fingerprintOf(each) === fingerprint);
      socket.destroy();
      if (found === undefined)
        reject(new Error(`${address} is not the control plane that the join token was made by; nothing was sent to it`));
      else resolve(new Uint8Array(found));
    });
  });
}

const longestChain = 8;

function chainOf(leaf: DetailedPeerCertificate): readonly Buffer[] {
  const chain: Buffer[] = [];
  let at: DetailedPeerCertificate | undefined = leaf;
  while (at?.raw !== undefined && chain.length < longestChain) {
    chain.push(at.raw);
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return chain;
}

const unary = <T>(call: (done: (error: ServiceError | null, response: T) => void) => unknown): Promise<T> =>
  new Promise((resolve, reject) => {
    call((error, response) => (error === null ? resolve(response) : reject(error)));
  });
