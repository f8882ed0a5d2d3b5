import type { RestClient } from './client.js';
import { type Change, type Fields, differenceOf } from './difference.js';
import { Failure, exitCodes } from './failure.js';
import { pathOf, rulesOf } from './kinds.js';
import type { Manifest } from './manifest.js';

export interface Reconciled {
  readonly kind: string;
  readonly name: string;
  readonly result: 'created' | 'changed' | 'unchanged';
  readonly changes: readonly Change[];
}

/** What has to be done for one manifest. Nothing is changed by looking. */
export interface Plan extends Reconciled {
  readonly manifest: Manifest;
  readonly body: Fields;
}

export async function planFor(manifest: Manifest, client: RestClient): Promise<Plan> {
  const { kind, name, spec } = manifest;
  const { fields, kept = [], part, settled, sent, enrols } = rulesOf(kind);
  const present = (await client.find(pathOf(kind, name))) as Fields | undefined;
  if (present === undefined && enrols === true)
    throw new Failure(`there is no ${kind.toLowerCase()} ${name}`, {
      hint: `it makes itself when it enrols: sally join-tokens create ${kind.toLowerCase()} ${name}`,
    });
  const changes = differenceOf(spec, present ?? {}, present === undefined ? () => false : settled);
  // PUT puts fields that are not sent back to their defaults: what the manifest does not mention is sent as it is.
  const carried = Object.fromEntries(
    fields
      .filter((field) => !kept.includes(field) && present?.[field] != null)
      .map((field) => [field, present?.[field]]),
  );
  const body = { ...carried, ...spec };
  const isNew = present === undefined && part === undefined;
  const result = isNew ? 'created' : changes.length > 0 ? 'changed' : 'unchanged';
  return { kind, name, result, changes, manifest, body: sent?.(body, spec) ?? body };
}

/** Does it. */
export async function carryOut({ manifest: { kind, name }, result, body }: Plan, client: RestClient): Promise<void> {
  if (result !== 'unchanged') await client.send('PUT', pathOf(kind, name), body);
}

interface Validation {
  readonly valid: boolean;
  readonly problems: readonly { readonly message: string; readonly line?: number; readonly column?: number }[];
  readonly warnings: readonly { readonly message: string; readonly help?: string }[];
  readonly gaps: readonly { readonly policy: string; readonly connection: string; readonly message: string }[];
}

/** Whether a new policy text is one, for a dry run: most of what goes wrong is there. Gives what is to be warned of. */
export async function checkPolicies({ manifest, changes }: Plan, client: RestClient): Promise<readonly string[]> {
  const text = manifest.kind === 'PolicySet' ? changes.find(({ field }) => field === 'text')?.to : undefined;
  if (typeof text !== 'string') return [];
  const { body } = await client.send('POST', `${pathOf('PolicySet', manifest.name)}/validate`, { text });
  const { valid, problems, warnings, gaps } = body as Validation;
  if (valid) return warnings.map(({ message, help }) => (help === undefined ? message : `${message} (${help})`));
  throw new Failure('the policy set would be refused', {
    details: [
      ...problems.map(({ line, column, message }) => `${line ?? '?'}:${column ?? '?'}: ${message}`),
      ...gaps.map(({ policy, connection, message }) => `${policy} on ${connection}: ${message}`),
    ],
    exitCode: exitCodes.failed,
  });
}

/** Groups with members name users and subagents that name groups: so the group comes first, and its members last. */
export function inSteps(manifests: readonly Manifest[]): readonly Manifest[] {
  const hasMembers = ({ kind, spec }: Manifest): boolean => kind === 'Group' && 'members' in spec;
  const principals = manifests.findLastIndex(({ kind }) => kind === 'User' || kind === 'Subagent') + 1;
  const before = manifests.slice(0, principals).map((manifest) => {
    if (!hasMembers(manifest)) return manifest;
    const { members: _members, ...spec } = manifest.spec;
    return { ...manifest, spec };
  });
  return [...before, ...manifests.slice(0, principals).filter(hasMembers), ...manifests.slice(principals)];
}

/** Two steps of one noun, told as one. */
export const joined = (first: Reconciled, second: Reconciled): Reconciled => ({
  ...second,
  result: first.result === 'unchanged' ? second.result : first.result,
  changes: [
    ...first.changes.filter(({ field }) => !second.changes.some((change) => change.field === field)),
    ...second.changes,
  ],
});
