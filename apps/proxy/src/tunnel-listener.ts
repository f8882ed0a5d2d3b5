import { createServer } from 'node:tls';
import type { Server } from 'node:tls';
import { tlsMaterial } from './node.js';
import type { Node } from './node.js';
import type { Tunnels } from './tunnels.js';

export interface TunnelListenerInput {
  readonly tunnels: Tunnels;
  readonly node: Pick<Node, 'credentials' | 'agentOf' | 'signerFor'>;
  /** Connections that have shown no certificate yet. */
  readonly mostStrangers?: number;
}

/** Only certificates of our own authority come in, and of those only agents. */
export const createTunnelServer = ({ tunnels, node, mostStrangers = 1_000 }: TunnelListenerInput) => {
  const context = () => tlsMaterial(node.credentials);
  let open = 0;
  let secured = 0;
  const server: Server = createServer(
    { ...context(), requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3', handshakeTimeout: 10_000 },
    (socket) => {
      secured += 1;
      socket.once('close', () => (secured -= 1));
      const agent = node.agentOf(socket);
      const sign = node.signerFor(socket);
      if (agent === undefined || sign === undefined) socket.destroy();
      else tunnels.admit(socket, agent, sign);
    },
  );
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('connection', (socket) => {
    open += 1;
    socket.once('close', () => (open -= 1));
    if (open - secured > mostStrangers) socket.destroy();
  });
  return { server, renewed: () => server.setSecureContext(context()) };
};
