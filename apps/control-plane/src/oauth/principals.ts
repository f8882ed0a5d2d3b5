import type { Database, Transaction } from '../db/database.js';
import { roles } from '../http/caller.js';
import type { Role } from '../http/caller.js';

export type PrincipalRow =
  | {
      readonly kind: 'user';
      readonly id: string;
      readonly name: string;
      readonly groups: readonly string[];
      readonly role: Role;
    }
  | {
      readonly kind: 'subagent';
      readonly id: string;
      readonly name: string;
      readonly groups: readonly string[];
      readonly owner: string | undefined;
    };

export type PrincipalsOf =
  { readonly ok: true; readonly chain: readonly PrincipalRow[] } | { readonly ok: false; readonly cause: string };

/**
 * The principals of a chain as they are now. One that is gone, is disabled, or takes nothing that was issued before
 * `issuedAt` any more, ends it.
 */
export async function principalsOf(
  from: Database | Transaction,
  tenantId: string,
  chain: readonly string[],
  issuedAt: Date,
): Promise<PrincipalsOf> {
  const where = { tenantId, id: { in: [...chain] } };
  const include = { groups: { include: { group: true } } } as const;
  const users = await from.user.findMany({ where, include });
  const subagents = await from.subagent.findMany({ where, include });
  const rows = new Map([...users, ...subagents].map((row) => [row.id, row]));
  const found: PrincipalRow[] = [];
  for (const id of chain) {
    const row = rows.get(id);
    if (row === undefined) return { ok: false, cause: 'principal_removed' };
    if (row.disabled) return { ok: false, cause: 'disabled' };
    // As the token says it: in whole seconds.
    if (Math.floor(issuedAt.getTime() / 1000) < Math.floor(row.notBefore.getTime() / 1000))
      return { ok: false, cause: 'revoked' };
    const common = { id, name: row.name, groups: row.groups.map((member) => member.group.name) };
    if ('ownerId' in row) found.push({ kind: 'subagent', ...common, owner: row.ownerId ?? undefined });
    else if (isRole(row.role)) found.push({ kind: 'user', ...common, role: row.role });
    else return { ok: false, cause: 'unknown_role' };
  }
  return found.length === 0 ? { ok: false, cause: 'principal_removed' } : { ok: true, chain: found };
}

const isRole = (value: string): value is Role => (roles as readonly string[]).includes(value);
