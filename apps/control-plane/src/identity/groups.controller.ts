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
import { GroupsService, groupFields, newGroup, groupView } from './groups.service.js';
import type { GroupFields, GroupView } from './groups.service.js';

@NounDocs('groups')
@Controller('v1/groups')
export class GroupsController {
  readonly #groups: GroupsService;

  constructor(@Inject(GroupsService) groups: GroupsService) {
    this.#groups = groups;
  }

  @Get()
  @Answers(pageOf(groupView), 200)
  @Summary('List groups')
  list(@CurrentUser() caller: UserCaller, @Query({ schema: pageQuery }) query: PageQuery): Promise<Page<GroupView>> {
    return this.#groups.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Answers(groupView, 200)
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<GroupView> {
    return this.#groups.get(caller.tenantId, ref);
  }

  @Post()
  @Answers(groupView, 201)
  @Refuses('conflict')
  @Summary('Make a new one')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newGroup }) body: z.infer<typeof newGroup>,
  ): Promise<GroupView> {
    return this.#groups.create(caller.tenantId, body);
  }

  @Put(':ref')
  @Answers(groupView, 200, 201)
  @Refuses('not_found', 'conflict')
  @Summary('Make it so: change the one of this id or name, or make one of this name')
  async put(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: groupFields }) body: GroupFields,
    @Res({ passthrough: true }) response: Response,
  ): Promise<GroupView> {
    return answerPut(response, await this.#groups.put(caller.tenantId, ref, body));
  }

  @Delete(':ref')
  @Refuses('in_use')
  @AnswersNothing()
  @Summary('Remove it')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#groups.remove(caller.tenantId, ref);
  }
}
