import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import type { IdentityProvider } from '../db/generated/client.js';
import { Tenancy } from '../db/tenancy.js';
import { BrowserSessions } from '../logins/browser-sessions.js';
import { BackChannelLogout } from './back-channel-logout.js';
import { beginOpenId, endSessionUrl, finishOpenId } from './open-id.js';
import type { OpenIdClient, OpenIdSecrets } from './open-id.js';
import { sendSignedOut, sendStart } from './pages.js';
import { People } from './people.js';
import { ProvidersService } from './providers.service.js';
import { SignInDoor } from './sign-in-door.js';
import { SignInRefused } from './sign-in-refused.js';
import { SignIns, pathOfOurs } from './sign-ins.js';

/** Pages for people and their browsers; nothing of it is REST. */
@ApiExcludeController()
@Controller('auth')
export class SignInController {
  readonly #database: Database;
  readonly #tenancy: Tenancy;
  readonly #config: Config;
  readonly #providers: ProvidersService;
  readonly #signIns: SignIns;
  readonly #people: People;
  readonly #sessions: BrowserSessions;
  readonly #logout: BackChannelLogout;
  readonly #door: SignInDoor;

  constructor(
    @Inject(Database) database: Database,
    @Inject(Tenancy) tenancy: Tenancy,
    @Inject(CONFIG) config: Config,
    @Inject(ProvidersService) providers: ProvidersService,
    @Inject(SignIns) signIns: SignIns,
    @Inject(People) people: People,
    @Inject(BrowserSessions) sessions: BrowserSessions,
    @Inject(BackChannelLogout) logout: BackChannelLogout,
    @Inject(SignInDoor) door: SignInDoor,
  ) {
    this.#database = database;
    this.#tenancy = tenancy;
    this.#config = config;
    this.#providers = providers;
    this.#signIns = signIns;
    this.#people = people;
    this.#sessions = sessions;
    this.#logout = logout;
    this.#door = door;
  }

  @Get()
  async start(@Query('returnTo') returnTo: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    const rows = await this.#database.identityProvider.findMany({
      where: { tenantId: this.#tenancy.defaultTenant, kind: 'oidc', disabled: false },
      orderBy: { name: 'asc' },
      select: { name: true },
    });
    const known = await this.#sessions.authenticate(request);
    sendStart(response, {
      providers: rows.map(({ name }) => name),
      returnTo: pathOfOurs(returnTo, this.#config.publicUrl),
      signedInAs: known?.kind === 'known' ? known.caller.name : undefined,
    });
  }

  /** Sends the browser to the provider. */
  @Get(':provider/start')
  async begin(
    @Param('provider') name: string,
    @Query('returnTo') returnTo: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.#door.through(request, response, 'GET /auth/:provider/start', async () => {
      const provider = await this.#find(name);
      const { url, state, secrets } = await beginOpenId(this.#client(provider));
      const wanted = { state, secrets, returnTo: pathOfOurs(returnTo, this.#config.publicUrl) };
      response.append('set-cookie', await this.#signIns.begin(provider, wanted, request));
      response.redirect(302, url.href);
    });
  }

  /** Where the provider sends it back. */
  @Get(':provider/callback')
  async finish(
    @Param('provider') name: string,
    @Query('state') state: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.#door.through(request, response, 'GET /auth/:provider/callback', async () => {
      const provider = await this.#find(name);
      const begun = await this.#signIns.take(provider, state, request);
      if (begun === undefined) throw new SignInRefused('sign_in_unknown');
      const answer = new URL(this.#redirectUri(provider));
      answer.search = new URL(request.originalUrl, this.#config.publicUrl).search;
      const secrets = begun.secrets as OpenIdSecrets;
      const { session, ...person } = await finishOpenId(this.#client(provider), {
        ...{ answer, state: String(state), secrets },
      });
      const { id: providerId, tenantId } = provider;
      const cookie = await this.#people.admit(provider, person, ({ id: userId }, transaction) =>
        this.#sessions.begin({ tenantId, userId, providerId, providerSession: session }, request, transaction),
      );
      response.append('set-cookie', cookie);
      response.redirect(302, begun.returnTo);
    });
  }

  /** The provider says that somebody signed out there. */
  @Post(':provider/backchannel-logout')
  @HttpCode(200)
  async backChannelLogout(
    @Param('provider') name: string,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    const body = request.body as Readonly<Record<string, unknown>> | undefined;
    await this.#door.answering(request, response, 'POST /auth/:provider/backchannel-logout', async () => {
      await this.#logout.take(await this.#find(name), body?.['logout_token']);
    });
  }

  @Post('logout')
  async logOut(@Req() request: Request, @Res() response: Response): Promise<void> {
    await this.#door.through(request, response, 'POST /auth/logout', async () => {
      if (!this.#sessions.isOurs(request)) throw new SignInRefused('cross_site');
      const login = await this.#sessions.end(request, response);
      const provider = await this.#database.identityProvider.findFirst({
        where: { id: login?.providerId ?? '', tenantId: this.#tenancy.defaultTenant, kind: 'oidc' },
      });
      const url = provider === null ? undefined : endSessionUrl(this.#client(provider), this.#url('/auth'));
      sendSignedOut(response, provider === null || url === undefined ? undefined : { name: provider.name, url });
    });
  }

  async #find(name: string): Promise<IdentityProvider> {
    const provider = await this.#database.identityProvider.findFirst({
      where: { tenantId: this.#tenancy.defaultTenant, name: name.replaceAll('\0', ''), kind: 'oidc' },
    });
    if (provider === null) throw new SignInRefused('unknown_provider');
    if (provider.disabled) throw new SignInRefused('provider_disabled');
    return provider;
  }

  #client(provider: IdentityProvider): OpenIdClient {
    return {
      provider,
      clientSecret: this.#providers.clientSecretOf(provider),
      redirectUri: this.#redirectUri(provider),
      allowPrivate: this.#config.allowPrivateUrls,
    };
  }

  #redirectUri({ name }: IdentityProvider): string {
    return this.#url(`/auth/${name}/callback`);
  }

  #url(path: string): string {
    return `${this.#config.publicUrl.replace(/\/+$/, '')}${path}`;
  }
}
