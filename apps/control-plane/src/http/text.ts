import { z } from 'zod';

const idPattern = /^[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}$/;

/** What looks like an id is one: no noun may be named so. */
export const isId = (text: string): boolean => idPattern.test(text);

/** Text that Postgres can keep: no NUL, no lone surrogate. */
export const text = (most: number) =>
  z
    .string()
    .max(most)
    .refine((value) => !value.includes('\0') && value.isWellFormed(), 'must not hold NUL or broken characters');

/** The name of a noun: it appears in policies, logs and as a user name on the wire. */
export const name = z
  .string()
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,61}[A-Za-z0-9])?$/,
    'must be 1 to 63 letters, digits, dots, hyphens, underscores or @, and start and end with a letter or digit',
  )
  .refine((value) => !isId(value), 'must not look like an id');

/** One line of free text. */
export const line = (most: number) =>
  text(most).refine((value) => !/[\p{Cc}\u2028\u2029]/u.test(value), 'must be one line without control characters');

/** Where somebody publishes something. */
export const webUrl = line(1_000).refine((value) => {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}, 'must be an https URL');

/** What PostgreSQL and everybody's calendar agree on. */
const times = { first: Date.parse('0001-01-01T00:00:00Z'), last: Date.parse('9999-12-31T23:59:59.999Z') } as const;
export const isKnownTime = (time: Date): boolean => time.getTime() >= times.first && time.getTime() <= times.last;

/** A moment that somebody asks for. */
export const instant = z.iso
  .datetime({ offset: true })
  .refine((value) => isKnownTime(new Date(value)), 'must be between the years 1 and 9999');

/** `:ref` of a path: an id or a name. */
export const refParams = z.strictObject({
  ref: z.string().regex(/^[A-Za-z0-9._@-]{1,63}$/, 'must be an id or a name'),
});
export type RefParams = z.infer<typeof refParams>;

/** `:id` of a path. */
export const idParams = z.strictObject({ id: z.string().regex(/^[a-z]{3}_[0-9A-Za-z]{8,64}$/, 'must be an id') });
export type IdParams = z.infer<typeof idParams>;

/** Finds one noun by id or name, in its tenant only. */
export const byReference = (tenantId: string, ref: string) =>
  isId(ref) ? { tenantId, id: ref } : { tenantId, name: ref };
