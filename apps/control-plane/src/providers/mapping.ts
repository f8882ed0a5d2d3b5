import { z } from 'zod';
import { line, name } from '../http/text.js';

/** What a provider says of a person: claims of OIDC, attributes of SAML. */
export type Claims = Readonly<Record<string, unknown>>;

/** A claim by its name, or one inside of others by a JSON pointer (`/realm_access/roles`). */
const claim = line(300).min(1);

export const mappingFields = z.strictObject({
  name: claim.optional().describe('Claim of the name. By default `preferred_username`, or the NameID of SAML.'),
  email: claim.optional().describe('Claim of the e-mail address, for people to read. By default `email`.'),
  groups: z
    .array(
      z.strictObject({
        claim: claim.default('groups'),
        value: line(500).min(1).describe('Exactly one of the values of the claim.'),
        group: name.describe('The group that it puts people into.'),
      }),
    )
    .max(5_000)
    .default([]),
});
export type Mapping = z.infer<typeof mappingFields>;

export type Mapped =
  | {
      readonly kind: 'mapped';
      readonly name: string | undefined;
      readonly email: string | undefined;
      /** Names, each once. */
      readonly groups: readonly string[];
    }
  | { readonly kind: 'refused'; readonly cause: GroupsProblem; readonly claim: string };

/** Groups that cannot be told are no groups: what forbids something to one of them would be passed by. */
export type GroupsProblem = 'groups_elsewhere' | 'groups_too_many' | 'groups_unreadable';

export const mostGroups = 5_000;

/** What the rules make of the claims. They add what a rule names, and nothing that none does. */
export function mapClaims(claims: Claims, mapping: Mapping, defaults: { readonly name: string }): Mapped {
  const groups = new Set<string>();
  for (const [name, rules] of Map.groupBy(mapping.groups, (rule) => rule.claim)) {
    const values = valuesOf(claims, name);
    if (typeof values === 'string') return { kind: 'refused', cause: values, claim: name };
    for (const rule of rules) if (values.has(rule.value)) groups.add(rule.group);
  }
  return {
    kind: 'mapped',
    name: textOf(claimOf(claims, mapping.name ?? defaults.name)),
    email: textOf(claimOf(claims, mapping.email ?? 'email')),
    groups: [...groups],
  };
}

/** One value, or a list of them. A number is its digits, as long as it is exact. */
function valuesOf(claims: Claims, name: string): ReadonlySet<string> | GroupsProblem {
  const value = claimOf(claims, name);
  if (value === undefined) return isElsewhere(claims, name) ? 'groups_elsewhere' : new Set<string>();
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > mostGroups) return 'groups_too_many';
  const values = new Set<string>();
  for (const each of list) {
    const text = Number.isSafeInteger(each) ? String(each) : each;
    if (typeof text !== 'string') return 'groups_unreadable';
    values.add(text);
  }
  return values;
}

/** OpenID Connect Core 5.6.2: instead of the claim there is a link to it, which Entra ID does from 200 groups on. */
function isElsewhere(claims: Claims, name: string): boolean {
  const { _claim_names: names, hasgroups } = claims;
  if (name === 'groups' && hasgroups !== undefined && hasgroups !== false) return true;
  return (
    typeof names === 'object' &&
    names !== null &&
    Object.hasOwn(names, name.startsWith('/') ? (name.split('/')[1] ?? name) : name)
  );
}

function claimOf(claims: Claims, name: string): unknown {
  if (!name.startsWith('/')) return own(claims, name);
  let value: unknown = claims;
  for (const part of name.slice(1).split('/')) value = own(value, part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return value;
}

const own = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

const textOf = (value: unknown): string | undefined => {
  const text: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return typeof text === 'string' && line(254).min(1).safeParse(text).success ? text : undefined;
};
