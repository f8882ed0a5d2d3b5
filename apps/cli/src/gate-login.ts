import type { Socket } from 'node:net';
import { encodePassword } from '@sallyport/postgres';

const header = 5;
const longest = 100_000;
const passwordRequest = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);
/** NegotiateProtocolVersion: comes before the question for the password, and is the client's to know. */
const negotiation = 0x76;

/**
 * Answers the gate's question for a password with the token. What else the gate says until then is for the client;
 * resolves with it once the token is sent, or once it is clear that nobody asks for one.
 */
export function logIn(gate: Socket, token: string): Promise<Buffer> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    let at = 0;
    const done = (answer: Buffer): void => {
      gate.off('data', onData);
      gate.off('close', onClose);
      gate.pause();
      resolve(answer);
    };
    const onClose = (): void => done(bytes);
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      for (;;) {
        if (bytes.length < at + header) return;
        const end = at + 1 + bytes.readInt32BE(at + 1);
        const isNegotiation = bytes[at] === negotiation && end > at + header && end < longest;
        if (bytes.length < end && (isNegotiation || bytes[at] === passwordRequest[0]) && end < longest) return;
        if (isNegotiation) at = end;
        else if (bytes.subarray(at).equals(passwordRequest)) {
          gate.write(encodePassword(token));
          return done(bytes.subarray(0, at));
        } else return done(bytes);
      }
    };
    gate.on('data', onData);
    gate.once('close', onClose);
  });
}
