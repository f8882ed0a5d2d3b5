import { validateBinding, volatileClaims } from './binding.js';
import type { BindingProblem } from './binding.js';
import { platformOf } from './platform.js';
import { claimAt, escapePointer, isMembers } from './token.js';
import type { Members } from './token.js';

/** Who proved to be somebody, at an issuer that we know, and is bound to no subagent. */
export interface ProvedIdentity {
  /** Id of the issuer record. */
  readonly issuer: string;
  readonly subject: string;
  /** Claims that a binding could name, as it would name them. */
  readonly claims: Readonly<Record<string, string>>;
}

const most = { claims: 48, name: 128, value: 256, depth: 3 } as const;

const isPlain = (text: string): boolean => text.isWellFormed() && !/\p{Cc}/u.test(text);

/** What a binding could name of a verified payload. Who asks for a token chooses much of it, so all of it is bounded. */
export const bindableClaims = (payload: Members): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {};
  const visit = (members: Members, path: string, depth: number): void => {
    for (const [member, value] of Object.entries(members)) {
      if (Object.keys(found).length >= most.claims) return;
      if (depth === 0 && volatileClaims.has(member)) continue;
      const pointer = `${path}/${escapePointer(member)}`;
      const name = depth === 0 && !member.startsWith('/') ? member : pointer;
      if (name.length > most.name || !isPlain(name)) continue;
      if (typeof value === 'string' || Number.isSafeInteger(value)) {
        const text = String(value);
        if (text !== '' && text.length <= most.value && isPlain(text)) found[name] = text;
      } else if (isMembers(value) && depth < most.depth) visit(value, pointer, depth + 1);
    }
  };
  // First, so that no other claim crowds it out.
  const subject = claimAt(payload, 'sub');
  if (typeof subject === 'string') visit({ sub: subject }, '', 0);
  visit(payload, '', 0);
  return found;
};

export interface BindingSuggestion {
  readonly platform: string | undefined;
  /** What a binding to this one workload would name: as little as makes it this one, for good. */
  readonly claims: Readonly<Record<string, string>>;
  /** Claims that would narrow it further. */
  readonly narrowing: Readonly<Record<string, string>>;
  /** Why it could not be saved as it is. */
  readonly problems: readonly BindingProblem[];
}

/** How a workload that was seen would be bound. */
export const suggestBinding = (issuer: string, claims: Readonly<Record<string, string>>): BindingSuggestion => {
  const pick = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.flatMap((name) => (Object.hasOwn(claims, name) ? [[name, claims[name] ?? '']] : [])));
  const platform = platformOf(issuer, claims['sub'] ?? '');
  const immutable = platform?.immutable.find((name) => Object.hasOwn(claims, name));
  const wanted = pick(immutable === undefined ? ['sub'] : ['sub', immutable]);
  return {
    platform: platform?.name,
    claims: wanted,
    narrowing: pick(platform?.narrowing ?? []),
    problems: validateBinding({ issuer, claims: wanted }),
  };
};
