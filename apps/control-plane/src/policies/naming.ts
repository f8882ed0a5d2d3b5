import type { CompiledPolicy } from '@sallyport/policy';
import type { Transaction } from '../db/database.js';

/** A policy set whose version in force names this entity, e.g. `Group::"etl"`; `undefined` when none does. */
export async function setThatNames(
  from: Pick<Transaction, 'policySet' | 'policyVersion'>,
  tenantId: string,
  entity: { readonly type: string; readonly id: string },
): Promise<string | undefined> {
  const sets = await from.policySet.findMany({ where: { tenantId, publishedVersion: { not: null } } });
  for (const { id, name, publishedVersion } of sets) {
    const where = { tenantId, policySetId: id, version: publishedVersion ?? 0 };
    const version = await from.policyVersion.findFirst({ where, select: { compiled: true } });
    const policies = (version?.compiled ?? []) as unknown as readonly CompiledPolicy[];
    if (policies.some(({ json }) => names(json, entity))) return name;
  }
  return undefined;
}

/** Cedar's JSON writes an entity as `{ type, id }`, wherever it stands. */
function names(json: unknown, entity: { readonly type: string; readonly id: string }): boolean {
  if (typeof json !== 'object' || json === null) return false;
  if ('type' in json && 'id' in json && json.type === entity.type && json.id === entity.id) return true;
  return Object.values(json).some((inner) => names(inner, entity));
}
