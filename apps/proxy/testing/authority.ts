import type { TLSSocket } from 'node:tls';
import {
  certificatePem,
  checkRequest,
  createAuthority,
  createBundleKey,
  createRequest,
  issueCertificate,
  peerOf,
  privateKeyPem,
  signBundle,
  verifyTicket,
} from '@sallyport/pki';
import type { NodeCredentials } from '@sallyport/pki';
import { createNode } from '../src/node.js';
import type { Node } from '../src/node.js';

export interface TestNode extends Node {
  /** As the control plane would: a new key under the same name. */
  renew(): Promise<void>;
}

/** The control plane's authority, for as long as a test: certificates for nodes, and the key that signs bundles. */
export interface TestAuthority {
  issue(kind: NodeCredentials['kind'], name: string): Promise<NodeCredentials>;
  node(name: string): Promise<TestNode>;
  readonly bundleKeyId: string;
  signBundle(manifest: Uint8Array): Buffer;
}

export const tenant = 'test';

export const createTestAuthority = async (): Promise<TestAuthority> => {
  const now = Date.now();
  const authority = await createAuthority({ tenant, now });
  const bundleKey = createBundleKey();
  const issue: TestAuthority['issue'] = async (kind, name) => {
    const { privateKey, request } = await createRequest();
    const publicKey = await checkRequest(request);
    if (publicKey === undefined) throw new Error('a request of our own does not hold');
    const identity = { tenant, kind, name };
    const hosts = ['127.0.0.1', 'localhost'];
    const certificate = await issueCertificate({ authority, publicKey, identity, hosts, now });
    return {
      tenant,
      kind,
      nodeId: `nod_${name}`,
      name,
      certificate: certificatePem(certificate),
      privateKey: privateKeyPem(privateKey),
      authorities: certificatePem(authority.certificate),
      bundleKeys: [{ id: bundleKey.id, publicKey: Buffer.from(bundleKey.publicKey).toString('base64') }],
    };
  };
  return {
    issue,
    async node(name) {
      let credentials = await issue('proxy', name);
      const listeners: ((renewed: NodeCredentials) => void)[] = [];
      const node = createNode({
        credentials: () => credentials,
        onRenewal: (listener) => void listeners.push(listener),
        close: () => undefined,
      });
      return Object.assign(Object.create(node) as Node, {
        renew: async () => {
          credentials = await issue('proxy', name);
          for (const listener of listeners) listener(credentials);
        },
      });
    },
    bundleKeyId: bundleKey.id,
    signBundle: (manifest) => Buffer.from(signBundle(bundleKey.privateKey, manifest)),
  };
};

/** The key in the peer's certificate made this signature. */
export const signedByPeer = (socket: TLSSocket, bytes: Uint8Array, signature: Uint8Array): boolean => {
  const raw = socket.getPeerX509Certificate()?.raw;
  const peer = raw && peerOf(raw);
  return peer !== undefined && verifyTicket(peer.publicKey, bytes, signature);
};
