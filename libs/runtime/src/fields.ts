import { z } from 'zod';

/** Parts of configuration schemas that every program spells alike. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export const addressField = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/, 'must be host:port, e.g. 127.0.0.1:7432')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'has a port above 65535');

/** One or several, with commas between them: `127.0.0.1:7432,[::1]:7432`. */
export const addressesField = z.string().superRefine((text, context) => {
  for (const each of text.split(','))
    for (const { message } of addressField.safeParse(each.trim()).error?.issues ?? [])
      context.addIssue({ code: 'custom', message });
});

export const parseAddresses = (text: string): readonly ListenAddress[] =>
  text.split(',').map((each) => parseAddress(each.trim()));

/** `[::1]:80` and `host:80` alike. */
export function parseAddress(text: string): ListenAddress {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
}

const durationPattern = /^(\d{1,6})(ms|s|m|h|d)$/;
const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A whole number with a unit, within bounds in milliseconds: `500ms`, `45s`, `5m`, `24h`, `7d`. */
export const durationField = (least: number, most: number) =>
  z
    .string()
    .regex(durationPattern, 'must be a duration such as 45s, 5m or 24h')
    .refine(
      (text) => {
        const milliseconds = parseDuration(text);
        return milliseconds >= least && milliseconds <= most;
      },
      `must be between ${least / 1000}s and ${most / 1000}s`,
    );

/** Milliseconds. */
export function parseDuration(text: string): number {
  const match = durationPattern.exec(text);
  if (match === null) return Number.NaN;
  return Number(match[1]) * units[match[2] as keyof typeof units];
}

export const logLevelField = z
  .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
  .default('info')
  .describe('How much is logged.');

/** A whole number of bytes with an optional unit: `64KiB`, `512MiB`, `4GiB`. */
export const sizeField = z.string().regex(/^\d{1,12}(KiB|MiB|GiB)?$/, 'must be a size such as 512MiB');

export function parseSize(text: string): number {
  const match = /^(\d+)(KiB|MiB|GiB)?$/.exec(text);
  const unit = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }[match?.[2] ?? ''] ?? 1;
  return Number(match?.[1] ?? Number.NaN) * unit;
}

/** A whole number within bounds, as text: `200`. */
export const countField = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .refine((text) => Number(text) >= least && Number(text) <= most, `must be between ${least} and ${most}`);
