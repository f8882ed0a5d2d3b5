import type { IdentityChunk, Principal, SubagentRecord, UserRecord } from '@sallyport/policy';

/** A principal as the identity chunk has it. */
export interface KnownPrincipal {
  readonly principal: Principal;
  readonly disabled: boolean;
  /** Tokens issued before this are refused, seconds since the epoch. */
  readonly notBefore: number;
  /** How long its commands are held, milliseconds, where that was said of it. */
  readonly hold: number | undefined;
}

export type Principals = ReadonlyMap<string, KnownPrincipal>;

const read = new WeakMap<IdentityChunk, Principals>();

/** By id. The same map while the chunk stays the same. */
export const principalsOf = (identity: IdentityChunk): Principals => {
  const known = read.get(identity);
  if (known !== undefined) return known;
  const principals = new Map<string, KnownPrincipal>();
  for (const record of identity.users) principals.set(record.id, ofUser(record));
  for (const record of identity.subagents) principals.set(record.id, ofSubagent(record));
  read.set(identity, principals);
  return principals;
};

const ofUser = ({ id, name, groups, disabled, notBefore }: UserRecord): KnownPrincipal => ({
  ...{ principal: { kind: 'user', id, name, groups, owner: undefined }, disabled, notBefore, hold: undefined },
});

const ofSubagent = ({ id, name, groups, owner, disabled, notBefore, hold }: SubagentRecord): KnownPrincipal => ({
  ...{ principal: { kind: 'subagent', id, name, groups, owner }, disabled, notBefore, hold },
});
