import { Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import { Answers, Refuses } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { pageOf, pageQuery } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { idParams } from '../http/text.js';
import type { IdParams } from '../http/text.js';
import { SessionsService, sessionQuery, sessionView } from './sessions.service.js';
import type { SessionQuery, SessionView } from './sessions.service.js';
import { statementView } from './statement.js';
import type { StatementView } from './statement.js';

@NounDocs('sessions')
@Controller('v1/sessions')
export class SessionsController {
  readonly #sessions: SessionsService;

  constructor(@Inject(SessionsService) sessions: SessionsService) {
    this.#sessions = sessions;
  }

  @Get()
  @Answers(pageOf(sessionView), 200)
  @Summary('List sessions, newest first')
  list(
    @CurrentUser() caller: UserCaller,
    @Query({ schema: sessionQuery }) query: SessionQuery,
  ): Promise<Page<SessionView>> {
    return this.#sessions.list(caller.tenantId, query);
  }

  @Get(':id')
  @Answers(sessionView, 200)
  @Summary('Read one')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: idParams }) { id }: IdParams): Promise<SessionView> {
    return this.#sessions.get(caller.tenantId, id);
  }

  @Get(':id/statements')
  @Answers(pageOf(statementView), 200)
  @Summary('Its commands in order, each with its outcome')
  statements(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: idParams }) { id }: IdParams,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<StatementView>> {
    return this.#sessions.statements(caller.tenantId, id, query);
  }

  @Post(':id/end')
  @Answers(sessionView, 202)
  @Refuses('conflict')
  @Summary('End a live session; its caller gets the protocol’s own error')
  end(@CurrentUser() caller: UserCaller, @Param({ schema: idParams }) { id }: IdParams): Promise<SessionView> {
    return this.#sessions.end(caller.tenantId, id, caller.name);
  }
}
