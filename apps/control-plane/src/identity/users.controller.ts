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
import { UsersService, userFields, newUser } from './users.service.js';
import type { UserFields, UserView } from './users.service.js';

@NounDocs('users')
@Controller('v1/users')
export class UsersController {
  readonly #users: UsersService;

  constructor(@Inject(UsersService) users: UsersService) {
    this.#users = users;
  }

  @Get()
  @Summary('List users')
  list(@CurrentUser() caller: UserCaller, @Query({ schema: pageQuery }) query: PageQuery): Promise<Page<UserView>> {
    return this.#users.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<UserView> {
    return this.#users.get(caller.tenantId, ref);
  }

  @Post()
  @Summary('Make a new one')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newUser }) body: z.infer<typeof newUser>,
  ): Promise<UserView> {
    return this.#users.create(caller.tenantId, body);
  }

  @Put(':ref')
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
  @NoContent()
  @Summary('Remove it')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#users.remove(caller.tenantId, ref);
  }
}
