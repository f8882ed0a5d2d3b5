import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { causeOf } from './cause.js';
import { Failure, failureCodes, usage } from './failure.js';
import type { FailureCode } from './failure.js';

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
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:/@[\]\s]+)):(\d{1,5})$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535)
    throw usage(`the gate ${text} is not host:port`, 'write it like gate.example.com:7432');
  return { host, port };
}

/** SSLRequest (PostgreSQL, "Message Formats"): length 8, code 80877103. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const yes = 0x53;
const patience = 10_000;

/** A TLS connection to the gate, before any start-up message. The token never travels in the clear. */
export function openGate({ host, port, ca, insecure }: Gate): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, noDelay: true, keepAlive: true });
    const fail = (code: FailureCode, message: string, hint?: string): void => {
      socket.destroy();
      reject(new Failure(message, { exitCode: failureCodes[code], code, ...(hint === undefined ? {} : { hint }) }));
    };
    const onError = (error: Error): void =>
      fail('gate_unreachable', `the gate ${host}:${port} cannot be reached: ${causeOf(error).reason}`);
    const onEnd = (): void => fail('gate_unreachable', `the gate ${host}:${port} hung up`);
    socket.setTimeout(patience, () => fail('gate_unreachable', `the gate ${host}:${port} does not answer`));
    socket.once('error', onError);
    socket.once('end', onEnd);
    socket.once('connect', () => socket.write(sslRequest));
    socket.once('data', (answer: Buffer) => {
      // One byte and nothing behind it: whatever came before TLS is nobody's word.
      if (answer.length !== 1 || answer[0] !== yes)
        return fail('gate_without_tls', `the gate ${host}:${port} does not offer TLS`);
      socket.off('error', onError);
      socket.off('end', onEnd);
      const secure = connectTls({
        socket,
        host,
        servername: isIP(host) === 0 ? host : '',
        ...(ca === undefined ? {} : { ca }),
        rejectUnauthorized: !insecure,
        ALPNProtocols: ['postgresql'],
      });
      secure.once('error', (error) =>
        fail(
          'gate_untrusted',
          `the gate ${host}:${port} is not who its certificate must prove: ${causeOf(error).reason}`,
          'give the PEM of its authority with --ca, and the name that stands in its certificate with --gate',
        ),
      );
      secure.once('secureConnect', () => {
        socket.setTimeout(0);
        secure.removeAllListeners('error');
        resolve(secure);
      });
    });
  });
}
