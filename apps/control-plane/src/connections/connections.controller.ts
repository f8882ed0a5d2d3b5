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
import { connectionFields, connectionView, newConnection, tags, tagsView } from './connection.js';
import type { ConnectionFields, ConnectionView } from './connection.js';
import { ConnectionsService } from './connections.service.js';

const tagList = z.strictObject({ items: tags });

@NounDocs('connections')
@Controller('v1/connections')
export class ConnectionsController {
  readonly #connections: ConnectionsService;

  constructor(@Inject(ConnectionsService) connections: ConnectionsService) {
    this.#connections = connections;
  }

  @Get()
  @Answers(pageOf(connectionView), 200)
  @Summary('List connections')
  list(
    @CurrentUser() caller: UserCaller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<ConnectionView>> {
    return this.#connections.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Answers(connectionView, 200)
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<ConnectionView> {
    return this.#connections.get(caller.tenantId, ref);
  }

  @Post()
  @Answers(connectionView, 201)
  @Refuses('conflict', 'unenforceable')
  @Summary('Make a new one')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newConnection }) body: z.infer<typeof newConnection>,
  ): Promise<ConnectionView> {
    return this.#connections.create(caller.tenantId, body);
  }

  @Put(':ref')
  @Answers(connectionView, 200, 201)
  @Refuses('not_found', 'conflict', 'unenforceable')
  @Summary('Make it so: change the one of this id or name, or make one of this name')
  async put(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: connectionFields }) body: ConnectionFields,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ConnectionView> {
    return answerPut(response, await this.#connections.put(caller.tenantId, ref, body));
  }

  @Get(':ref/tags')
  @Answers(tagsView, 200)
  @Summary('Read its column tags')
  async tags(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
  ): Promise<z.input<typeof tagsView>> {
    return { items: await this.#connections.tags(caller.tenantId, ref) };
  }

  @Put(':ref/tags')
  @Answers(tagsView, 200)
  @Summary('Replace its column tags, all of them')
  async putTags(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: tagList }) body: z.infer<typeof tagList>,
  ): Promise<z.input<typeof tagsView>> {
    return { items: await this.#connections.putTags(caller.tenantId, ref, body.items) };
  }

  @Delete(':ref')
  @AnswersNothing()
  @Summary('Remove it')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#connections.remove(caller.tenantId, ref);
  }
}
