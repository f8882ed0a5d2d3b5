import type { TLSSocket } from 'node:tls';
import {
  createAuthority,
  createBundleKey,
  createKeyAndRequest,
  loadAuthority,
  peerIdentity,
  readRequest,
  signBundle,
  verifyTicket,
} from '@sallyport/pki';
import type { NodeCredentials } from '@sallyport/pki';
import { createNode } from '../src/node.js';
import type { Node } from '../src/node.js';

/** The control plane's authority, for as long as a test: certificates for nodes, and the key that signs bundles. */
export interface TestAuthority {
  issue(kind: 'proxy' | 'agent', name: string): Promise<NodeCredentials>;
  node(name: string): Promise<Node>;
  readonly bundleKeyId: string;
  signBundle(manifest: Uint8Array): Buffer;
}

export const tenant = 'test';

export const createTestAuthority = async (): Promise<TestAuthority> => {
  const now = Date.now();
  const authority = await loadAuthority(await createAuthority({ tenant, now }));
  const bundleKey = createBundleKey();
  const bundleKeyId = 'bundle-1';
  const issue: TestAuthority['issue'] = async (kind, name) => {
    const { privateKey, request } = await createKeyAndRequest();
    const read = await readRequest(request);
    if (!('publicKey' in read)) throw new Error('a request of our own does not hold');
    const nodeId = `nod_${name}`;
    const issued = await authority.issue({
      identity: { tenant, kind, name },
      nodeId,
      publicKey: read.publicKey,
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
      now,
    });
    return {
      tenant,
      nodeId,
      name,
      privateKey,
      chain: [issued.certificate],
      authorities: [authority.certificate],
      bundleKeys: [{ id: bundleKeyId, publicKey: bundleKey.publicKey }],
      notBefore: issued.notBefore,
      notAfter: issued.notAfter,
    };
  };
  return {
    issue,
    async node(name) {
      const credentials = await issue('proxy', name);
      return createNode({ credentials: () => credentials, onRenewed: () => undefined, stop: () => undefined });
    },
    bundleKeyId,
    signBundle: (manifest) => Buffer.from(signBundle(bundleKey.privateKey, manifest)),
  };
};

/** The key in the peer's certificate made this signature. */
export const signedByPeer = (socket: TLSSocket, bytes: Uint8Array, signature: Uint8Array): boolean => {
  const peer = peerIdentity(socket.getPeerX509Certificate()?.raw);
  return peer !== undefined && verifyTicket(peer.publicKey, bytes, signature);
};
