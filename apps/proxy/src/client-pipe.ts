import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { ClientPipe } from './drive.js';
import { createSocketPipe } from './pipe.js';

/** A client's socket, which may become TLS on the way. */
export const createClientPipe = (socket: Socket, context: () => SecureContext): ClientPipe => {
  const pipe = createSocketPipe(socket);
  return {
    ...pipe,
    secure: (unread, alpn) =>
      new Promise((resolve, reject) => {
        // What came before its time is the handshake's: it goes back where the handshake reads.
        pipe.pause();
        socket.removeAllListeners('data');
        if (unread.length > 0) socket.unshift(unread);
        const secured = new TLSSocket(socket, {
          isServer: true,
          secureContext: context(),
          ...(alpn.length > 0 ? { ALPNProtocols: [...alpn] } : {}),
        });
        pipe.swap(secured);
        const failed = (): void => reject(new Error('no TLS'));
        secured.once('error', failed);
        secured.once('close', failed);
        secured.once('secure', () => {
          secured.off('error', failed);
          secured.off('close', failed);
          resolve(typeof secured.alpnProtocol === 'string' ? secured.alpnProtocol : undefined);
        });
      }),
  };
};
