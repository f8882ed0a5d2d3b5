import { sqlstate } from '@sallyport/postgres';
import { bundleCauses, loginCauses, targetCauses } from './causes.js';
import { ownPages } from './own.js';
import type { Cause, ErrorPage, Pages } from './page.js';
import { problemPages } from './problems.js';
import { refusalPages } from './refusals.js';

/** Every code that a person or a program may meet, with its page; a code that several mouths share has one. */
export const pages: Pages = { ...refusalPages, ...problemPages, ...ownPages };

/** Where PostgreSQL has a finer one for the very case. */
export const furtherStates = {
  unauthenticated: ['28000'],
  unreadable: ['22021'],
  protocol_violation: ['26000', '34000'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The SQLSTATEs that a proxy sends with a code, the usual one first; none of what is never on the wire. */
export const statesOf = (code: string): readonly string[] =>
  [...Object.entries(sqlstate), ...Object.entries(furtherStates)].flatMap(([each, states]) =>
    each === code ? states : [],
  );

export const causeTables = [
  { below: 'unauthenticated', title: 'Causes of a refused login', causes: loginCauses },
  { below: 'target_unavailable', title: 'Causes of a target that was not opened', causes: targetCauses },
  { below: 'policy_unavailable', title: 'Reasons why a node refuses a bundle', causes: bundleCauses },
] as const;

export type Found =
  | { readonly kind: 'page'; readonly code: string; readonly sqlstates: readonly string[]; readonly page: ErrorPage }
  | { readonly kind: 'cause'; readonly code: string; readonly below: string; readonly cause: Cause };

/** By code, by SQLSTATE, by the `type` of a REST problem, or by a cause; several where they share it. */
export function findErrors(text: string): readonly Found[] {
  const word = text.replace(/^urn:sallyport:problem:/, '').trim();
  const found: Found[] = Object.entries(pages).flatMap(([code, page]) => {
    const sqlstates = statesOf(code);
    return code === word.toLowerCase() || sqlstates.includes(word.toUpperCase())
      ? [{ kind: 'page', code, sqlstates, page }]
      : [];
  });
  for (const { below, causes } of causeTables)
    for (const [code, cause] of Object.entries(causes))
      if (code === word.toLowerCase()) found.push({ kind: 'cause', code, below, cause });
  return found;
}
