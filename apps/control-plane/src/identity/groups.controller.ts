import { Body, Controller, Delete, Get, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NoContent, NounDocs, Summary, answerPut } from '../http/noun.js';
import { pageQuery } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { refParams } from '../http/text.js';
import type { RefParams } from '../http/text.js';
import { GroupsService, groupFields, newGroup } from './groups.service.js';
import type { GroupFields, GroupView } from './groups.service.js';

@NounDocs('groups')
@Controller('v1/groups')
export class GroupsController {
  readonly #groups: GroupsService;

  constructor(@Inject(GroupsService) groups: GroupsService) {
    this.#groups = groups;
  }

  @Get()
  @Summary('List groups')
  list(@CurrentUser() caller: UserCaller, @Query({ schema: pageQuery }) query: PageQuery): Promise<Page<GroupView>> {
    return this.#groups.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<GroupView> {
    return this.#groups.get(caller.tenantId, ref);
  }

  @Post()
  @Summary('Make a new one')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newGroup }) body: z.infer<typeof newGroup>,
  ): Promise<GroupView> {
    return this.#groups.create(caller.tenantId, body);
  }

  @Put(':ref')
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
  @NoContent()
  @Summary('Remove it')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#groups.remove(caller.tenantId, ref);
  }
}
