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
import { UsersService, userFields, newUser, userView } from './users.service.js';
import type { UserFields, UserView } from './users.service.js';

@NounDocs('users')
@Controller('v1/users')
export class UsersController {
  readonly #users: UsersService;

  constructor(@Inject(UsersService) users: UsersService) {
    this.#users = users;
  }

  @Get()
  @Answers(pageOf(userView), 200)
  @Summary('List users')
  list(@CurrentUser() caller: UserCaller, @Query({ schema: pageQuery }) query: PageQuery): Promise<Page<UserView>> {
    return this.#users.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Answers(userView, 200)
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<UserView> {
    return this.#users.get(caller.tenantId, ref);
  }

  @Post()
  @Answers(userView, 201)
  @Refuses('conflict')
  @Summary('Make a new one')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newUser }) body: z.infer<typeof newUser>,
  ): Promise<UserView> {
    return this.#users.create(caller.tenantId, body);
  }

  @Put(':ref')
  @Answers(userView, 200, 201)
  @Refuses('not_found', 'conflict')
  @Summary('Make it so: change the one of this id or name, or make one of this name')
  async put(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: userFields }) body: UserFields,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UserView> {
    return answerPut(response, await this.#users.put(caller.tenantId, ref, body));
  }

  @Delete(':ref')
  @Refuses('conflict', 'in_use')
  @AnswersNothing()
  @Summary('Remove it')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#users.remove(caller.tenantId, ref);
  }
}
