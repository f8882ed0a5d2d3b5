import type { LoggerService } from '@nestjs/common';
import type { Config } from './config.js';

/** Structured log lines: fields first, then words. Never a token, a secret or a statement's values. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Nest's token of the log. */
export const LOG = Symbol('log');

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** JSON lines on standard error; standard output is for what a person must see. */
export function createLog(level: Config['logLevel'], write: (line: string) => void): Log {
  const at =
    (own: (typeof levels)[number]) =>
    (fields: object, message: string): void => {
      if (levels.indexOf(own) < levels.indexOf(level)) return;
      write(`${JSON.stringify({ level: own, time: new Date().toISOString(), ...fields, msg: message })}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Nest's own lines, in the same form. */
export function nestLogger(log: Log): LoggerService {
  const say =
    (level: keyof Log) =>
    (message: unknown, ...more: unknown[]) => {
      const context = more.at(-1);
      log[level]({ context: typeof context === 'string' ? context : 'nest' }, String(message).slice(0, 2_000));
    };
  return { log: say('debug'), debug: say('debug'), verbose: say('debug'), warn: say('warn'), error: say('error') };
}
