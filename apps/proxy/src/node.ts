import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { openNode, peerOf, signTicket, verifyBundle } from '@sallyport/pki';
import type { NodeCredentials, Node as RenewedNode, WorkerOptions } from '@sallyport/pki';
import type { ManifestCandidate } from '@sallyport/policy';
import type { Logger } from '@sallyport/runtime';
import type { ProxyConfig } from './config.js';

/** This proxy as its certificate has it, and whom it trusts. */
export interface Node {
  readonly name: string;
  readonly tenant: string;
  /** The newest: certificates are renewed while the proxy runs. */
  readonly credentials: NodeCredentials;
  /** With the key of the certificate that this connection was made under: its other end knows no other, whatever came since. */
  signerFor(socket: TLSSocket): ((bytes: Uint8Array) => Uint8Array) | undefined;
  /** With the pinned keys that came with the certificate. */
  verify(candidate: ManifestCandidate): boolean;
  /** The agent at the other end of a connection whose certificate was verified; nobody else. */
  agentOf(socket: TLSSocket): string | undefined;
  /** Of the newest certificate, milliseconds since the epoch. */
  readonly endsAt: number;
  onRenewed(listener: () => void): void;
  stop(): void;
}

export const createNode = (node: RenewedNode): Node => {
  // A handshake that is under way while the certificate is renewed ends under the former one.
  let recent = [identityOf(node.credentials())];
  node.onRenewal((renewed) => (recent = [identityOf(renewed), ...recent].slice(0, 2)));
  return {
    get name() {
      return node.credentials().name;
    },
    get tenant() {
      return node.credentials().tenant;
    },
    get credentials() {
      return node.credentials();
    },
    signerFor(socket) {
      const shown = socket.getX509Certificate();
      const used = recent.find(({ certificate }) => shown?.raw.equals(certificate));
      return used && ((bytes) => signTicket(used.privateKey, bytes));
    },
    verify({ bytes, signature, keyId }) {
      const key = node.credentials().bundleKeys.find(({ id }) => id === keyId);
      return key !== undefined && verifyBundle(Buffer.from(key.publicKey, 'base64'), bytes, signature);
    },
    agentOf(socket) {
      const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
      const peer = certificate && peerOf(certificate.raw);
      return peer?.kind === 'agent' && peer.tenant === node.credentials().tenant ? peer.name : undefined;
    },
    get endsAt() {
      return new X509Certificate(node.credentials().certificate).validToDate.getTime();
    },
    onRenewed: (listener) => node.onRenewal(() => listener()),
    stop: () => node.close(),
  };
};

/** Read once: every connection of an agent asks for it. */
const identityOf = ({ certificate, privateKey }: NodeCredentials) => ({
  certificate: new X509Certificate(certificate).raw,
  privateKey: createPrivateKey(privateKey),
});

/** Enrols with the join token the first time; afterwards the certificate buys the next one. */
export const openProxyNode = async (config: ProxyConfig, log: Logger, worker?: WorkerOptions): Promise<Node> =>
  createNode(
    await openNode({
      directory: config.SALLYPORT_STATE_DIRECTORY,
      kind: 'proxy',
      name: config.SALLYPORT_NAME,
      control: config.SALLYPORT_CONTROL_PLANE,
      enrolment: config.SALLYPORT_ENROLMENT,
      joinToken: config.SALLYPORT_JOIN_TOKEN,
      worker,
      log,
    }),
  );

/** For `tls.createServer` and secure contexts. */
export const tlsMaterial = ({ certificate, privateKey, authorities }: NodeCredentials) => ({
  cert: certificate,
  key: privateKey,
  ca: authorities,
});
