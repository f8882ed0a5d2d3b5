import { destination, pino } from 'pino';
import type { Logger as PinoLogger } from 'pino';

export type Logger = Pick<PinoLogger, 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'child'>;

/** Names under which a secret might come along by accident. */
const secretNames = ['password', 'token', 'credential', 'authorization', 'secret', 'joinToken', 'privateKey', 'key'];

/** JSON lines on standard error. */
export function createLogger({ name, level }: { readonly name: string; readonly level: string }): Logger {
  return pino(
    {
      name,
      level,
      redact: { paths: [...secretNames, ...secretNames.map((field) => `*.${field}`)], censor: '[redacted]' },
      // An error's own fields may hold what a driver was given: message and stack are enough.
      serializers: {
        err: (error: unknown) =>
          error instanceof Error
            ? { name: error.name, message: error.message, stack: error.stack }
            : { message: 'not an error' },
      },
    },
    destination({ fd: 2, sync: true }),
  );
}
