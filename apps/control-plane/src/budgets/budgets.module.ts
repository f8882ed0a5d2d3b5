import { Module } from '@nestjs/common';
import { ConfigurationModule } from '../configuration/configuration.module.js';
import { BudgetsController } from './budgets.controller.js';
import { BudgetsService } from './budgets.service.js';

/** What is used of budgets, as people see it. */
@Module({ imports: [ConfigurationModule], controllers: [BudgetsController], providers: [BudgetsService] })
export class BudgetsModule {}
