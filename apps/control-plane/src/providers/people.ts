import { Inject, Injectable } from '@nestjs/common';
import { mintId } from '@sallyport/runtime';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { IdentityProvider, User } from '../db/generated/client.js';
import { name as nounName } from '../http/text.js';
import { mapClaims } from './mapping.js';
import type { Claims, Mapped } from './mapping.js';
import { mappingOf } from './provider.js';
import { SignInRefused } from './sign-in-refused.js';

export interface Person {
  readonly subject: string;
  readonly claims: Claims;
}

/** Turns who a provider says somebody is into a user: (provider, subject), and nothing else. */
@Injectable()
export class People {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;

  constructor(@Inject(Database) database: Database, @Inject(ConfigurationChanges) changes: ConfigurationChanges) {
    this.#database = database;
    this.#changes = changes;
  }

  /** `then` happens in the same transaction. @throws SignInRefused */
  async admit<Result>(
    provider: IdentityProvider,
    { subject, claims }: Person,
    then: (user: User, transaction: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const defaults = { name: provider.kind === 'saml' ? 'NameID' : 'preferred_username' };
    const mapped = mapClaims(claims, mappingOf(provider), defaults);
    if (mapped.kind === 'refused') throw new SignInRefused(mapped.cause, mapped.claim);
    return this.#database.$transaction(async (transaction) => {
      // Locks the tenant: two first sign-ins of one person make one user.
      await this.#changes.changed(provider.tenantId, transaction);
      const where = { providerId_subject: { providerId: provider.id, subject } };
      const identity = await transaction.userIdentity.findUnique({ where, include: { user: true } });
      if (identity === null && !provider.justInTime) throw new SignInRefused('no_user');
      const user = identity?.user ?? (await make(transaction, provider, subject, mapped));
      if (user.disabled) throw new SignInRefused('disabled');
      await transaction.userIdentity.update({ where, data: { lastSignInAt: new Date() } });
      await setGroups(transaction, provider, user.id, mapped.groups);
      return then(user, transaction);
    });
  }
}

async function make(
  transaction: Transaction,
  { id: providerId, tenantId }: IdentityProvider,
  subject: string,
  { name, email }: Extract<Mapped, { readonly kind: 'mapped' }>,
): Promise<User> {
  const id = mintId('usr');
  const wanted = nameFrom(name) ?? nameFrom(email) ?? `user-${id.slice(-8).toLowerCase()}`;
  const user = await transaction.user.create({
    data: { id, tenantId, name: await freeName(transaction, tenantId, wanted), email: email ?? null, role: 'member' },
  });
  await transaction.userIdentity.create({ data: { id: mintId('uid'), tenantId, userId: id, providerId, subject } });
  return user;
}

/** A name as ours may be, out of one that a provider sent. */
function nameFrom(text: string | undefined): string | undefined {
  const tidy = (text ?? '')
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._@-]+/g, '-')
    .slice(0, 55)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  return nounName.safeParse(tidy).success ? tidy : undefined;
}

/** A name that somebody has stays theirs: it is not what anybody is known by. */
async function freeName(transaction: Transaction, tenantId: string, wanted: string): Promise<string> {
  const taken = await transaction.user.findMany({
    where: { tenantId, name: { startsWith: wanted } },
    select: { name: true },
  });
  const names = new Set(taken.map(({ name }) => name));
  let free = wanted;
  for (let count = 2; names.has(free); count++) free = `${wanted}-${count}`;
  return free;
}

/** In and out of the groups that this provider puts people into; what an admin or a directory did stays. */
async function setGroups(
  transaction: Transaction,
  { id: source, tenantId }: IdentityProvider,
  userId: string,
  names: readonly string[],
): Promise<void> {
  const groups = await transaction.group.findMany({ where: { tenantId, name: { in: [...names] } } });
  const ids = groups.map(({ id }) => id);
  await transaction.groupMember.deleteMany({ where: { tenantId, userId, source, groupId: { notIn: ids } } });
  await transaction.groupMember.createMany({
    data: ids.map((groupId) => ({ id: mintId('mem'), tenantId, groupId, userId, source })),
    skipDuplicates: true,
  });
}
