import { Body, Controller, Delete, Get, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import { Answers, AnswersNothing, Refuses } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary, answerPut } from '../http/noun.js';
import { pageOf, pageQuery } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { refParams } from '../http/text.js';
import type { RefParams } from '../http/text.js';
import { clientSecretFields, newProvider, providerFields, providerView } from './provider.js';
import type { ProviderFields, ProviderView } from './provider.js';
import { ProvidersService } from './providers.service.js';

@NounDocs('identity-providers')
@Controller('v1/identity-providers')
export class ProvidersController {
  readonly #providers: ProvidersService;

  constructor(@Inject(ProvidersService) providers: ProvidersService) {
    this.#providers = providers;
  }

  @Get()
  @Answers(pageOf(providerView), 200)
  @Summary('List identity providers')
  list(@CurrentUser() caller: UserCaller, @Query({ schema: pageQuery }) query: PageQuery): Promise<Page<ProviderView>> {
    return this.#providers.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Answers(providerView, 200)
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<ProviderView> {
    return this.#providers.get(caller.tenantId, ref);
  }

  @Post()
  @Answers(providerView, 201)
  @Refuses('conflict', 'issuer_unreachable')
  @Summary('Make a new one')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newProvider }) body: z.infer<typeof newProvider>,
  ): Promise<ProviderView> {
    return this.#providers.create(caller.tenantId, body);
  }

  @Put(':ref')
  @Answers(providerView, 200, 201)
  @Refuses('not_found', 'conflict', 'issuer_unreachable')
  @Summary('Make it so: change the one of this id or name, or make one of this name')
  async put(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: providerFields }) body: ProviderFields,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ProviderView> {
    return answerPut(response, await this.#providers.put(caller.tenantId, ref, body));
  }

  @Post(':ref/client-secret')
  @Refuses('conflict')
  @Answers(providerView, 200)
  @Summary('Set the secret of our client there; it is never shown')
  setClientSecret(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: clientSecretFields }) { clientSecret }: z.infer<typeof clientSecretFields>,
  ): Promise<ProviderView> {
    return this.#providers.setClientSecret(caller.tenantId, ref, clientSecret);
  }

  @Post(':ref/refresh')
  @Refuses('conflict')
  @Answers(providerView, 200)
  @Summary('Read its metadata again, now')
  refresh(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<ProviderView> {
    return this.#providers.refresh(caller.tenantId, ref);
  }

  @Delete(':ref')
  @AnswersNothing()
  @Summary('Remove it')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#providers.remove(caller.tenantId, ref);
  }
}
