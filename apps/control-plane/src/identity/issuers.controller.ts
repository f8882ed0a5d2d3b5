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
import { IssuersService, issuerFields, newIssuer, issuerView } from './issuers.service.js';
import type { IssuerFields, IssuerView } from './issuers.service.js';

@NounDocs('issuers')
@Controller('v1/issuers')
export class IssuersController {
  readonly #issuers: IssuersService;

  constructor(@Inject(IssuersService) issuers: IssuersService) {
    this.#issuers = issuers;
  }

  @Get()
  @Answers(pageOf(issuerView), 200)
  @Summary('List issuers')
  list(@CurrentUser() caller: UserCaller, @Query({ schema: pageQuery }) query: PageQuery): Promise<Page<IssuerView>> {
    return this.#issuers.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Answers(issuerView, 200)
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<IssuerView> {
    return this.#issuers.get(caller.tenantId, ref);
  }

  @Post()
  @Answers(issuerView, 201)
  @Refuses('conflict', 'issuer_unreachable')
  @Summary('Make a new one')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newIssuer }) body: z.infer<typeof newIssuer>,
  ): Promise<IssuerView> {
    return this.#issuers.create(caller.tenantId, body);
  }

  @Put(':ref')
  @Answers(issuerView, 200, 201)
  @Refuses('not_found', 'conflict', 'issuer_unreachable')
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
  @Refuses('conflict')
  @Answers(issuerView, 200)
  @Summary('Read its keys again, now')
  refresh(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<IssuerView> {
    return this.#issuers.refresh(caller.tenantId, ref);
  }

  @Delete(':ref')
  @Refuses('in_use')
  @AnswersNothing()
  @Summary('Remove it')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#issuers.remove(caller.tenantId, ref);
  }
}
