import { sqlstate } from '@sallyport/postgres';
import { bundleCauses, loginCauses, targetCauses } from './causes.js';
import { ownPages } from './own.js';
import type { Cause, ErrorPage, Pages } from './page.js';
import { problemPages } from './problems.js';
import { refusalPages } from './refusals.js';

/** Every code that a person or a program may meet, with its page; a code that several mouths share has one. */
export const pages: Pages = { ...refusalPages, ...problemPages, ...ownPages };

/** The SQLSTATE that a proxy sends with a code. */
export const sqlstateOf = (code: string): string | undefined =>
  Object.entries(sqlstate).find(([each]) => each === code)?.[1];

export const causeTables = [
  { below: 'unauthenticated', title: 'Causes of a refused login', causes: loginCauses },
  { below: 'target_unavailable', title: 'Causes of a target that was not opened', causes: targetCauses },
  { below: 'policy_unavailable', title: 'Reasons why a node refuses a bundle', causes: bundleCauses },
] as const;

export type Found =
  | { readonly kind: 'page'; readonly code: string; readonly sqlstate: string | undefined; readonly page: ErrorPage }
  | { readonly kind: 'cause'; readonly code: string; readonly below: string; readonly cause: Cause };

/** By code, by SQLSTATE, by the `type` of a REST problem, or by a cause; several where they share it. */
export function findErrors(text: string): readonly Found[] {
  const word = text.replace(/^urn:sallyport:problem:/, '').trim();
  const found: Found[] = Object.entries(pages).flatMap(([code, page]) => {
    const state = sqlstateOf(code);
    return code === word.toLowerCase() || state === word.toUpperCase()
      ? [{ kind: 'page', code, sqlstate: state, page }]
      : [];
  });
  for (const { below, causes } of causeTables)
    for (const [code, cause] of Object.entries(causes))
      if (code === word.toLowerCase()) found.push({ kind: 'cause', code, below, cause });
  return found;
}
