import type { LoggerService } from '@nestjs/common';

/** Structured log lines: fields first, then words. Never a token, a secret or a statement's values. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Nest's token of the log. */
export const LOG = Symbol('log');

/** Nest's own lines, in the same form. */
export function nestLogger(log: Log): LoggerService {
  const say =
    (level: keyof Log) =>
    (message: unknown, ...more: readonly unknown[]): void => {
      const context = more.at(-1);
      log[level]({ context: typeof context === 'string' ? context : 'nest' }, String(message).slice(0, 2_000));
    };
  return { log: say('debug'), debug: say('debug'), verbose: say('debug'), warn: say('warn'), error: say('error') };
}
