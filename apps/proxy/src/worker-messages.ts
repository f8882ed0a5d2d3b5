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
