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
import { SubagentsService, subagentFields, newSubagent, subagentView } from './subagents.service.js';
import type { SubagentFields, SubagentView } from './subagents.service.js';

@NounDocs('subagents')
@Controller('v1/subagents')
export class SubagentsController {
  readonly #subagents: SubagentsService;

  constructor(@Inject(SubagentsService) subagents: SubagentsService) {
    this.#subagents = subagents;
  }

  @Get()
  @Answers(pageOf(subagentView), 200)
  @Summary('List subagents')
  list(@CurrentUser() caller: UserCaller, @Query({ schema: pageQuery }) query: PageQuery): Promise<Page<SubagentView>> {
    return this.#subagents.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Answers(subagentView, 200)
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<SubagentView> {
    return this.#subagents.get(caller.tenantId, ref);
  }

  @Post()
  @Answers(subagentView, 201)
  @Refuses('conflict')
  @Summary('Make a new one')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newSubagent }) body: z.infer<typeof newSubagent>,
  ): Promise<SubagentView> {
    return this.#subagents.create(caller.tenantId, body);
  }

  @Put(':ref')
  @Answers(subagentView, 200, 201)
  @Refuses('not_found', 'conflict')
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
  @Answers(subagentView, 200)
  @Summary('Refuse it from its next statement on')
  disable(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<SubagentView> {
    return this.#subagents.disable(caller.tenantId, ref);
  }

  @Post(':ref/enable')
  @Answers(subagentView, 200)
  @Summary('Let it in again')
  enable(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<SubagentView> {
    return this.#subagents.enable(caller.tenantId, ref);
  }

  @Post(':ref/revoke-tokens')
  @Answers(subagentView, 200)
  @Summary('Refuse every token that was issued before now')
  revokeTokens(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
  ): Promise<SubagentView> {
    return this.#subagents.revokeTokens(caller.tenantId, ref);
  }

  @Delete(':ref')
  @AnswersNothing()
  @Summary('Remove it')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#subagents.remove(caller.tenantId, ref);
  }
}
