/** What Prisma calls values that do not fit: too long, null where none may be, out of range. */
const ofValues: readonly unknown[] = ['P2000', 'P2011', 'P2020'];
/** SQLSTATE classes 22, 23 and 54, in Prisma's own words, which stand before the server's. */
const raw = /^[^`]*`prisma\.\$\w+\(\)` invocation:\s+Raw query failed\. Code: `(?:22|23|54)[0-9A-Z]{3}`\./;

/** It is about the row: trying again changes nothing. Anything else may pass, and passes for no record's fault. */
export function isOfData(cause: unknown): boolean {
  if (!(cause instanceof Error) || !('code' in cause)) return false;
  return ofValues.includes(cause.code) || (cause.code === 'P2010' && raw.test(cause.message));
}
