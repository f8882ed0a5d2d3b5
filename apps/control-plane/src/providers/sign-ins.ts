import { createHash, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { mintId } from '@sallyport/runtime';
import type { Request } from 'express';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import { Sealer } from '../db/sealed.js';
import type { IdentityProvider } from '../db/generated/client.js';
import { cookieName, cookiesNamed, setCookie } from '../logins/cookie.js';

const cookie = 'sallyport-sign-in';
const seconds = 600;

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Sign-ins that have begun: kept in the database, so that any replica can finish one, and bound to their browser. */
@Injectable()
export class SignIns {
  readonly #database: Database;
  readonly #config: Config;
  readonly #sealer: Sealer;

  constructor(@Inject(Database) database: Database, @Inject(CONFIG) config: Config) {
    this.#database = database;
    this.#config = config;
    this.#sealer = new Sealer(config.key, 'sign-in');
  }

  /** `secrets` are for its end alone. Answers the cookie to set, where the browser has none yet. */
  async begin(
    provider: IdentityProvider,
    wanted: { readonly state: string; readonly secrets: unknown; readonly returnTo: string },
    request: Request,
  ): Promise<string> {
    // Several sign-ins of one browser (two tabs) share its secret.
    const secret = this.#browserOf(request) ?? randomBytes(32).toString('base64url');
    const id = mintId('sgn');
    await this.#database.signIn.create({
      data: {
        ...{ id, tenantId: provider.tenantId, providerId: provider.id, returnTo: wanted.returnTo },
        ...{ stateHash: hash(wanted.state), browserHash: hash(secret) },
        sealed: new Uint8Array(this.#sealer.seal(Buffer.from(JSON.stringify(wanted.secrets)), id)),
        expiresAt: new Date(Date.now() + seconds * 1000),
      },
    });
    const { publicUrl } = this.#config;
    // SAML comes back by a POST from elsewhere, with which only such cookies go.
    const sameSite = provider.kind === 'saml' ? 'None' : 'Lax';
    return setCookie(publicUrl, { name: cookie, value: secret, sameSite, maxAge: seconds });
  }

  /** Takes the one that this state names, once, and only for the browser that began it. */
  async take(
    provider: IdentityProvider,
    state: unknown,
    request: Request,
  ): Promise<{ readonly secrets: unknown; readonly returnTo: string } | undefined> {
    const secret = this.#browserOf(request);
    if (typeof state !== 'string' || secret === undefined) return undefined;
    const now = new Date();
    const which = { stateHash: hash(state), tenantId: provider.tenantId, providerId: provider.id };
    const row = await this.#database.signIn.findFirst({ where: which });
    if (row === null) return undefined;
    const taken = await this.#database.signIn.updateMany({
      where: { ...which, id: row.id, browserHash: hash(secret), usedAt: null, expiresAt: { gt: now } },
      data: { usedAt: now },
    });
    if (taken.count !== 1) return undefined;
    const secrets: unknown = JSON.parse(this.#sealer.open(row.sealed, row.id).toString('utf8'));
    return { secrets, returnTo: row.returnTo };
  }

  #browserOf(request: Request): string | undefined {
    const [secret, second] = cookiesNamed(request.headers.cookie, cookieName(this.#config.publicUrl, cookie));
    return second === undefined && secret !== undefined && /^[A-Za-z0-9_-]{43}$/.test(secret) ? secret : undefined;
  }
}

/** Only to a path of ours: what is a link elsewhere, however it is spelt, leads to the start page. */
export function pathOfOurs(wanted: unknown, publicUrl: string): string {
  const start = '/auth';
  if (typeof wanted !== 'string' || wanted.length > 2_000 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(wanted)) return start;
  const url = URL.parse(wanted, publicUrl);
  if (url === null || url.origin !== new URL(publicUrl).origin || url.pathname.startsWith('//')) return start;
  return `${url.pathname}${url.search}`;
}
