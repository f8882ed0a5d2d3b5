import { Controller, Get, Inject, Query } from '@nestjs/common';
import { Answers } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { pageOf } from '../http/page.js';
import type { Page } from '../http/page.js';
import { BudgetsService, budgetQuery, budgetView } from './budgets.service.js';
import type { BudgetQuery, BudgetView } from './budgets.service.js';

@NounDocs('budgets')
@Controller('v1/budgets')
export class BudgetsController {
  readonly #budgets: BudgetsService;

  constructor(@Inject(BudgetsService) budgets: BudgetsService) {
    this.#budgets = budgets;
  }

  @Get()
  @Answers(pageOf(budgetView), 200)
  @Summary('List what is used of budgets now, by connection and principal')
  list(
    @CurrentUser() caller: UserCaller,
    @Query({ schema: budgetQuery }) query: BudgetQuery,
  ): Promise<Page<BudgetView>> {
    return this.#budgets.list(caller.tenantId, query);
  }
}
