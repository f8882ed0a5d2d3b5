import { Body, Controller, Delete, Get, Inject, Param, Put, Query } from '@nestjs/common';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { Answers, AnswersNothing } from '../http/answers.js';
import { NounDocs, Summary } from '../http/noun.js';
import { pageOf, pageQuery } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { refParams } from '../http/text.js';
import type { RefParams } from '../http/text.js';
import { NodesService, nodeFields, nodeView } from './nodes.service.js';
import type { NodeFields, NodeView } from './nodes.service.js';

@NounDocs('agents')
@Controller('v1/agents')
export class AgentsController {
  readonly #nodes: NodesService;

  constructor(@Inject(NodesService) nodes: NodesService) {
    this.#nodes = nodes;
  }

  @Get()
  @Answers(pageOf(nodeView), 200)
  @Summary('List agents')
  list(@CurrentUser() caller: UserCaller, @Query({ schema: pageQuery }) query: PageQuery): Promise<Page<NodeView>> {
    return this.#nodes.list(caller.tenantId, 'agent', query);
  }

  @Get(':ref')
  @Answers(nodeView, 200)
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<NodeView> {
    return this.#nodes.get(caller.tenantId, 'agent', ref);
  }

  @Put(':ref')
  @Answers(nodeView, 200)
  @Summary('Turn it away, or let it in again')
  change(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: nodeFields }) fields: NodeFields,
  ): Promise<NodeView> {
    return this.#nodes.change(caller.tenantId, 'agent', { ref, fields });
  }

  @Delete(':ref')
  @AnswersNothing()
  @Summary('Forget it; it must enrol again')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#nodes.remove(caller.tenantId, 'agent', ref);
  }
}
