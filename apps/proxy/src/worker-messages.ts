import { z } from 'zod';

/** Key that cancels a session, in hexadecimal; as long as PostgreSQL's may be. */
const cancel = z.strictObject({ kind: z.literal('cancel'), key: z.string().regex(/^(?:[0-9a-f]{2}){1,256}$/) });

const fromWorker = z.discriminatedUnion('kind', [
  /** It listens, and is known to the control plane by name. */
  z.strictObject({ kind: z.literal('started') }),
  cancel,
]);
const toWorker = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('stop'), reason: z.string() }),
  /** Without waiting for anything. */
  z.strictObject({ kind: z.literal('end') }),
  z.strictObject({ kind: z.literal('reload') }),
  cancel,
]);

/** All that the processes of one proxy say to each other. */
export type FromWorker = Readonly<z.output<typeof fromWorker>>;
export type ToWorker = Readonly<z.output<typeof toWorker>>;

/** `undefined`: none of ours. */
export const readFromWorker = (message: unknown): FromWorker | undefined => fromWorker.safeParse(message).data;
export const readToWorker = (message: unknown): ToWorker | undefined => toWorker.safeParse(message).data;

const mostWaiting = 100;

/** Keys for somebody who does not read now are dropped once many wait: they must not fill the memory of who sends them. */
export const createSender = <Message extends FromWorker | ToWorker>(
  send: (message: Message, sent: () => void) => void,
): ((message: Message) => void) => {
  let waiting = 0;
  return (message) => {
    if (message.kind === 'cancel' && waiting >= mostWaiting) return;
    waiting += 1;
    send(message, () => (waiting -= 1));
  };
};
