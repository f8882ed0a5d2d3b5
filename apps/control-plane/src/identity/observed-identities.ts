import type { ProvedIdentity } from '@sallyport/identity';
import { mintId } from '@sallyport/runtime';
import type { Transaction } from '../db/database.js';

/** Somebody knocked with a good token, and is bound to no subagent. */
export interface Observation extends ProvedIdentity {
  /** The connection that it asked for; empty: the control plane itself. */
  readonly connection: string;
}

/** Anybody may have tokens made for us at a public issuer: whoever comes last pushes out who came longest ago. */
const mostKept = 1_000;

export async function observe(
  transaction: Transaction,
  tenantId: string,
  observations: readonly Observation[],
): Promise<void> {
  const counted = new Map<string, Observation & { readonly times: number }>();
  for (const observation of observations) {
    const key = `${observation.issuer} ${observation.subject}`;
    counted.set(key, { ...observation, times: (counted.get(key)?.times ?? 0) + 1 });
  }
  if (counted.size === 0) return;
  // In one order everywhere, so that no two batches wait for each other in a circle.
  for (const [, each] of [...counted].sort(([a], [b]) => (a < b ? -1 : 1))) await keep(transaction, tenantId, each);
  await transaction.$executeRaw`
    delete from "ObservedIdentity" where "id" in (
      select "id" from "ObservedIdentity" where "tenantId" = ${tenantId}
      order by "lastSeenAt" desc, "id" desc offset ${mostKept}
    )`;
}

/** Only of an issuer of this tenant that is still there. */
const keep = (
  transaction: Transaction,
  tenantId: string,
  { issuer, subject, claims, connection, times }: Observation & { readonly times: number },
) => transaction.$executeRaw`
  insert into "ObservedIdentity" as known
    ("id", "tenantId", "issuerId", "subject", "claims", "connectionName", "attempts", "firstSeenAt", "lastSeenAt")
  select ${mintId('obs')}, ${tenantId}, i."id", ${subject}, ${JSON.stringify(claims)}::jsonb, ${connection}, ${times}::int,
    now() at time zone 'UTC', now() at time zone 'UTC'
  from "Issuer" i where i."id" = ${issuer} and i."tenantId" = ${tenantId}
  on conflict ("issuerId", "subject") do update set "claims" = excluded."claims",
    "connectionName" = excluded."connectionName", "lastSeenAt" = excluded."lastSeenAt",
    "attempts" = least(known."attempts"::bigint + excluded."attempts", 2000000000)::int`;
