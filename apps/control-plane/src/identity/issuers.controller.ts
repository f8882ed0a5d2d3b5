import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NoContent, NounDocs, Summary, answerPut } from '../http/noun.js';
import { pageQuery } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { refParams } from '../http/text.js';
import type { RefParams } from '../http/text.js';
import { IssuersService, issuerFields, newIssuer } from './issuers.service.js';
import type { IssuerFields, IssuerView } from './issuers.service.js';

@NounDocs('issuers')
@Controller('v1/issuers')
export class IssuersController {
  readonly #issuers: IssuersService;

  constructor(@Inject(IssuersService) issuers: IssuersService) {
    this.#issuers = issuers;
  }

  @Get()
  @Summary('List issuers')
  list(@CurrentUser() caller: UserCaller, @Query({ schema: pageQuery }) query: PageQuery): Promise<Page<IssuerView>> {
    return this.#issuers.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<IssuerView> {
    return this.#issuers.get(caller.tenantId, ref);
  }

  @Post()
  @Summary('Make a new one')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newIssuer }) body: z.infer<typeof newIssuer>,
  ): Promise<IssuerView> {
    return this.#issuers.create(caller.tenantId, body);
  }

  @Put(':ref')
  @Summary('Make it so: change the one of this id or name, or make one of this name')
  async put(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: issuerFields }) body: IssuerFields,
    @Res({ passthrough: true }) response: Response,
  ): Promise<IssuerView> {
    return answerPut(response, await this.#issuers.put(caller.tenantId, ref, body));
  }

  @Post(':ref/refresh')
  @HttpCode(200)
  @Summary('Read its keys again, now')
  refresh(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<IssuerView> {
    return this.#issuers.refresh(caller.tenantId, ref);
  }

  @Delete(':ref')
  @NoContent()
  @Summary('Remove it')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#issuers.remove(caller.tenantId, ref);
  }
}
