/** An entity's name in Cedar: `Type::"id"`. */
export interface EntityUid {
  readonly type: string;
  readonly id: string;
}

/** One string per entity. Types are identifiers, so the first `::"` ends the type: two entities never share a key. */
export const entityKey = (type: string, id: string): string => `${type}::"${id}"`;

/**
 * Ids of what lies inside a connection are paths: `billing/app/public/payments/card_number`. A slash or percent sign in a
 * name is written %2F and %25, so that no name can be made to look like a path to something else.
 */
export const pathId = (...parts: readonly string[]): string => parts.map(escapePart).join('/');

const escapePart = (part: string): string =>
  part.includes('%') || part.includes('/') ? part.replaceAll('%', '%25').replaceAll('/', '%2F') : part;

/** The connection that an id of something inside one begins with. */
export const connectionOf = (id: string): string =>
  (id.split('/', 1)[0] ?? '').replaceAll('%2F', '/').replaceAll('%25', '%');
