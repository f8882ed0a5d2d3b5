import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Failure, exitCodes } from './failure.js';

/** A proxy's PostgreSQL listener, and whom we take for it. */
export interface Gate {
  readonly host: string;
  readonly port: number;
  /** PEM of the authority of its certificate; absent: the system's. */
  readonly ca: string | undefined;
  /** Encrypt, but take anybody for the gate. */
  readonly insecure: boolean;
}

export function parseGate(text: string): Pick<Gate, 'host' | 'port'> {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || Number(match?.[3]) > 65_535)
    throw new Failure(`${text} is not host:port`, { exitCode: exitCodes.usage });
  return { host, port: Number(match?.[3]) };
}

/** SSLRequest (PostgreSQL, "Message Formats"): length 8, code 80877103. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const patience = 10_000;

/** A TLS connection to the gate, before any start-up message. The token never travels in the clear. */
export function openGate({ host, port, ca, insecure }: Gate): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port });
    const fail = (message: string): void => {
      socket.destroy();
      reject(new Failure(message, { exitCode: exitCodes.unavailable }));
    };
    const onError = (error: Error): void => fail(`the gate ${host}:${port} cannot be reached: ${error.message}`);
    socket.setTimeout(patience, () => fail(`the gate ${host}:${port} does not answer`));
    socket.once('error', onError);
    socket.once('connect', () => socket.write(sslRequest));
    socket.once('data', (answer: Buffer) => {
      // One byte and nothing behind it: whatever came before TLS is nobody's word.
      if (answer.length !== 1 || answer[0] !== 0x53) return fail(`the gate ${host}:${port} does not offer TLS`);
      socket.off('error', onError);
      const secure = connectTls({
        socket,
        servername: /^[\d.]+$|:/.test(host) ? '' : host,
        host,
        ...(ca === undefined ? {} : { ca }),
        rejectUnauthorized: !insecure,
        ALPNProtocols: ['postgresql'],
      });
      secure.once('error', (error) => fail(`TLS with the gate failed: ${error.message}`));
      secure.once('secureConnect', () => {
        socket.setTimeout(0);
        secure.removeAllListeners('error');
        resolve(secure);
      });
    });
  });
}
