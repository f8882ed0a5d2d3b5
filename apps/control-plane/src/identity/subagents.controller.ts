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
import { SubagentsService, subagentFields, newSubagent } from './subagents.service.js';
import type { SubagentFields, SubagentView } from './subagents.service.js';

@NounDocs('subagents')
@Controller('v1/subagents')
export class SubagentsController {
  readonly #subagents: SubagentsService;

  constructor(@Inject(SubagentsService) subagents: SubagentsService) {
    this.#subagents = subagents;
  }

  @Get()
  @Summary('List subagents')
  list(@CurrentUser() caller: UserCaller, @Query({ schema: pageQuery }) query: PageQuery): Promise<Page<SubagentView>> {
    return this.#subagents.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<SubagentView> {
    return this.#subagents.get(caller.tenantId, ref);
  }

  @Post()
  @Summary('Make a new one')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newSubagent }) body: z.infer<typeof newSubagent>,
  ): Promise<SubagentView> {
    return this.#subagents.create(caller.tenantId, body);
  }

  @Put(':ref')
  @Summary('Make it so: change the one of this id or name, or make one of this name')
  async put(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: subagentFields }) body: SubagentFields,
    @Res({ passthrough: true }) response: Response,
  ): Promise<SubagentView> {
    return answerPut(response, await this.#subagents.put(caller.tenantId, ref, body));
  }

  @Post(':ref/disable')
  @HttpCode(200)
  @Summary('Refuse it from its next statement on')
  disable(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<SubagentView> {
    return this.#subagents.disable(caller.tenantId, ref);
  }

  @Post(':ref/enable')
  @HttpCode(200)
  @Summary('Let it in again')
  enable(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<SubagentView> {
    return this.#subagents.enable(caller.tenantId, ref);
  }

  @Post(':ref/revoke-tokens')
  @HttpCode(200)
  @Summary('Refuse every token that was issued before now')
  revokeTokens(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
  ): Promise<SubagentView> {
    return this.#subagents.revokeTokens(caller.tenantId, ref);
  }

  @Delete(':ref')
  @NoContent()
  @Summary('Remove it')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#subagents.remove(caller.tenantId, ref);
  }
}
