import type { EndedLoginsChunk, IdentityChunk, IssuerRecord, OwnKey, UserRecord } from '@sallyport/policy';
import type { Transaction } from '../db/database.js';

/** No token lives longer, and clocks differ by a little. */
const longestToken = 3_600_000 + 300_000;

/** Who may be who, and what was taken back. */
export interface IdentityChunks {
  readonly identity: IdentityChunk;
  readonly endedLogins: EndedLoginsChunk;
}

export async function readIdentity(
  transaction: Transaction,
  tenantId: string,
  issuer: string,
): Promise<IdentityChunks> {
  const where = { tenantId };
  const orderBy = { id: 'asc' } as const;
  const include = { groups: { include: { group: true } } };
  const issuers = await transaction.issuer.findMany({ where, orderBy });
  const subagents = await transaction.subagent.findMany({ where, orderBy, include });
  const users = await transaction.user.findMany({ where, orderBy, include });
  const keys = await transaction.keyring.findMany({
    where: { tenantId, purpose: 'token', retiredAt: null },
    orderBy,
  });
  const identity: IdentityChunk = {
    issuers: issuers.map(({ id, name, issuer: iss, audiences, keys: pinned, algorithms }): IssuerRecord => ({
      id,
      name,
      issuer: iss,
      audiences,
      keys: pinned as unknown as IssuerRecord['keys'],
      algorithms,
    })),
    own: { issuer, keys: keys.map(({ publicPart }) => keyOf(publicPart)) },
    subagents: subagents.map((row) => ({
      id: row.id,
      name: row.name,
      issuer: row.issuerId,
      claims: row.claims as Readonly<Record<string, string>>,
      groups: groupsOf(row),
      owner: row.ownerId ?? undefined,
      disabled: row.disabled,
      notBefore: seconds(row.notBefore),
      ...(row.holdSeconds === null ? {} : { hold: row.holdSeconds * 1000 }),
    })),
    users: users.map((row): UserRecord => ({
      id: row.id,
      name: row.name,
      groups: groupsOf(row),
      disabled: row.disabled,
      notBefore: seconds(row.notBefore),
    })),
  };
  return { identity, endedLogins: { ids: await endedIn(transaction, tenantId) } };
}

/**
 * Ids of logins that ended while tokens of theirs could still live. Counted from the last end and not from now, so that one
 * version of the bundle is the same on every replica, whenever it is made.
 */
async function endedIn(transaction: Transaction, tenantId: string): Promise<readonly string[]> {
  const last = await transaction.login.findFirst({
    where: { tenantId, endedAt: { not: null } },
    orderBy: { endedAt: 'desc' },
    select: { endedAt: true },
  });
  const at = last?.endedAt?.getTime();
  if (at === undefined) return [];
  const ended = await transaction.login.findMany({
    where: { tenantId, endedAt: { gt: new Date(at - longestToken) }, expiresAt: { gt: new Date(at - 300_000) } },
    orderBy: { id: 'asc' },
    select: { id: true },
  });
  return ended.map(({ id }) => id);
}

const groupsOf = ({ groups }: { readonly groups: readonly { readonly group: { readonly name: string } }[] }) =>
  groups.map(({ group }) => group.name).sort();

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

/** Only what makes it a public key: whatever else is kept with it goes nowhere. */
function keyOf(publicPart: Uint8Array): OwnKey {
  const { x, y, kid } = JSON.parse(Buffer.from(publicPart).toString('utf8')) as Record<'x' | 'y' | 'kid', string>;
  return { kty: 'EC', crv: 'P-256', x, y, kid, alg: 'ES256', use: 'sig' };
}
