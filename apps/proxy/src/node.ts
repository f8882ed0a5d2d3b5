import type { TLSSocket } from 'node:tls';
import { createCredentialStore, enrol, peerIdentity, renew, renewAt, signTicket, verifyBundle } from '@sallyport/pki';
import type { NodeCredentials } from '@sallyport/pki';
import type { ManifestCandidate } from '@sallyport/policy';
import type { Logger } from '@sallyport/runtime';
import type { ProxyConfig } from './config.js';

/** This proxy as its certificate has it, and whom it trusts. */
export interface Node {
  readonly name: string;
  readonly tenant: string;
  /** The newest: certificates are renewed while the proxy runs. */
  readonly credentials: NodeCredentials;
  /** With the certificate's key. */
  sign(bytes: Uint8Array): Uint8Array;
  /** With the pinned keys that came with the certificate. */
  verify(candidate: ManifestCandidate): boolean;
  /** The agent at the other end of a connection whose certificate was verified; nobody else. */
  agentOf(socket: TLSSocket): string | undefined;
  onRenewed(listener: () => void): void;
  stop(): void;
}

/** What keeps a node's certificate young. */
export interface Renewing {
  readonly credentials: () => NodeCredentials;
  readonly onRenewed: (listener: () => void) => void;
  readonly stop: () => void;
}

export const createNode = ({ credentials, onRenewed, stop }: Renewing): Node => ({
  get name() {
    return credentials().name;
  },
  get tenant() {
    return credentials().tenant;
  },
  get credentials() {
    return credentials();
  },
  sign: (bytes) => signTicket(credentials().privateKey, bytes),
  verify({ bytes, signature, keyId }) {
    const key = credentials().bundleKeys.find(({ id }) => id === keyId);
    return key !== undefined && verifyBundle(key.publicKey, bytes, signature);
  },
  agentOf(socket) {
    const peer = socket.authorized ? peerIdentity(socket.getPeerX509Certificate()?.raw) : undefined;
    return peer?.kind === 'agent' && peer.tenant === credentials().tenant ? peer.name : undefined;
  },
  onRenewed,
  stop,
});

const longestTimer = 2_000_000_000;

/** Enrols with the join token the first time; afterwards the certificate buys the next one. */
export const openProxyNode = async (config: ProxyConfig, log: Logger): Promise<Node> => {
  const store = createCredentialStore(config.SALLYPORT_STATE_DIRECTORY);
  const control = config.SALLYPORT_CONTROL_PLANE;
  const kept = store.read();
  let present =
    kept !== undefined && kept.name === config.SALLYPORT_NAME && kept.notAfter > Date.now() ? kept : await first();
  const listeners: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;

  const dueAt = (): number => renewAt(present.notBefore, present.notAfter, Math.random());
  const schedule = (delay: number): void => {
    timer = setTimeout(() => void attempt(), Math.min(Math.max(delay, 1_000), longestTimer));
    timer.unref();
  };
  const attempt = async (): Promise<void> => {
    try {
      present = await renew({ address: control, kind: 'proxy', store });
      for (const listener of listeners) listener();
      schedule(dueAt() - Date.now());
    } catch (problem) {
      log.warn(
        { reason: problem instanceof Error ? problem.message : '' },
        'the certificate was not renewed; trying again',
      );
      schedule(30_000 + 30_000 * Math.random());
    }
  };

  async function first(): Promise<NodeCredentials> {
    const { SALLYPORT_ENROLMENT: address, SALLYPORT_JOIN_TOKEN: joinToken, SALLYPORT_NAME: name } = config;
    if (address === undefined || joinToken === undefined)
      throw new NotEnrolled(
        'this proxy is not enrolled: set SALLYPORT_ENROLMENT and SALLYPORT_JOIN_TOKEN (POST /v1/join-tokens makes one)',
      );
    try {
      const credentials = await enrol({ address, joinToken, kind: 'proxy', name, store });
      log.info({ name }, 'enrolled');
      return credentials;
    } catch (problem) {
      throw new NotEnrolled(`this proxy could not enrol: ${problem instanceof Error ? problem.message : ''}`);
    }
  }

  schedule(dueAt() - Date.now());
  return createNode({
    credentials: () => present,
    onRenewed: (listener) => void listeners.push(listener),
    stop: () => clearTimeout(timer),
  });
};

/** The operator's to mend; the message says how. */
export class NotEnrolled extends Error {
  override readonly name = 'NotEnrolled';
}
