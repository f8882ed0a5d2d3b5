import { tokenLimits } from '@sallyport/identity';
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../db/database.js';
import type { IdentityProvider } from '../db/generated/client.js';
import { Logins } from '../logins/logins.service.js';
import { verifyLogoutToken } from './logout-token.js';
import { ProvidersService } from './providers.service.js';
import { SignInRefused } from './sign-in-refused.js';

/** Ends the logins of who signed out at their provider. */
@Injectable()
export class BackChannelLogout {
  readonly #database: Database;
  readonly #providers: ProvidersService;
  readonly #logins: Logins;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ProvidersService) providers: ProvidersService,
    @Inject(Logins) logins: Logins,
  ) {
    this.#database = database;
    this.#providers = providers;
    this.#logins = logins;
  }

  /** @throws SignInRefused */
  async take(provider: IdentityProvider, token: unknown): Promise<void> {
    if (typeof token !== 'string' || token.length > tokenLimits.token)
      throw new SignInRefused('answer_invalid', 'logout token');
    let outcome = await verifyLogoutToken(provider, token);
    // The provider may have new keys since we read them last.
    if (outcome === 'unknown_key')
      outcome = await verifyLogoutToken(await this.#providers.refreshMetadata(provider), token);
    if (typeof outcome === 'string') throw new SignInRefused('answer_invalid', `logout token: ${outcome}`);
    const { id: tokenId, subject, session: providerSession, expiresAt } = outcome;
    const { id: providerId, tenantId, issuer } = provider;
    await this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.usedOnce.createMany({
        data: [{ tenantId, issuer, tokenId: `logout ${tokenId}`, expiresAt }],
        skipDuplicates: true,
      });
      if (count === 0) throw new SignInRefused('replayed', 'logout token');
      const identity =
        subject === undefined
          ? undefined
          : await transaction.userIdentity.findFirst({ where: { tenantId, providerId, subject } });
      if (identity === null) return;
      const party = { providerId, providerSession, signedInAs: identity?.userId };
      await this.#logins.endAllOf(tenantId, party, 'signed out at the provider', transaction);
    });
  }
}
