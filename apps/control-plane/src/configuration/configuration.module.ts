import { Module } from '@nestjs/common';
import { BudgetSharing } from '../budgets/budget-sharing.js';
import { BudgetUses } from '../budgets/budget-uses.js';
import { CatalogContents } from './catalog-contents.js';
import { Catalogs } from './catalogs.js';
import { Findings } from './findings.js';
import { Hub } from './hub.js';
import { Presence } from './presence.js';

/** Signed bundles to nodes, and what nodes say of themselves. */
@Module({
  providers: [Hub, Presence, Catalogs, CatalogContents, Findings, BudgetSharing, BudgetUses],
  exports: [Hub, CatalogContents, BudgetUses],
})
export class ConfigurationModule {}
