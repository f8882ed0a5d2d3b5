import { Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Answers } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { pageOf } from '../http/page.js';
import type { Page } from '../http/page.js';
import { refParams } from '../http/text.js';
import type { RefParams } from '../http/text.js';
import { listColumns, listRelations, listSchemas } from './catalog-listing.js';
import { functionView, listFunctions, listOperators, listTypes, operatorView, typeView } from './catalog-made.js';
import type { FunctionView, OperatorView, TypeView } from './catalog-made.js';
import { catalogView } from './catalog-state.js';
import {
  catalogSummary,
  columnView,
  columnsQuery,
  databaseQuery,
  relationView,
  relationsQuery,
  schemaView,
  schemasQuery,
} from './catalog-view.js';
import type {
  ColumnView,
  ColumnsQuery,
  DatabaseQuery,
  RelationView,
  RelationsQuery,
  SchemaView,
  SchemasQuery,
} from './catalog-view.js';
import { CatalogsService } from './catalogs.service.js';

/** Sub-resources of a connection: the catalog of one of its databases. */
@NounDocs('catalogs')
@Controller('v1/connections/:ref/catalog')
export class CatalogsController {
  readonly #catalogs: CatalogsService;

  constructor(@Inject(CatalogsService) catalogs: CatalogsService) {
    this.#catalogs = catalogs;
  }

  @Get()
  @Answers(catalogSummary, 200)
  @Summary('How it is known: state, version, how much is in it')
  summary(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: databaseQuery }) { database }: DatabaseQuery,
  ): Promise<z.input<typeof catalogSummary>> {
    return this.#catalogs.summary(caller.tenantId, ref, database);
  }

  @Get('schemas')
  @Answers(pageOf(schemaView), 200)
  @Summary('List its schemas, by name')
  async schemas(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: schemasQuery }) query: SchemasQuery,
  ): Promise<Page<SchemaView>> {
    return listSchemas(await this.#catalogs.open(caller.tenantId, ref, query.database), query);
  }

  @Get('relations')
  @Answers(pageOf(relationView), 200)
  @Summary('List its tables, views and sequences, by name')
  async relations(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: relationsQuery }) query: RelationsQuery,
  ): Promise<Page<RelationView>> {
    return listRelations(await this.#catalogs.open(caller.tenantId, ref, query.database), query);
  }

  @Get('columns')
  @Answers(pageOf(columnView), 200)
  @Summary('List its columns with their types and tags, by name')
  async columns(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: columnsQuery }) query: ColumnsQuery,
  ): Promise<Page<ColumnView>> {
    return listColumns(await this.#catalogs.open(caller.tenantId, ref, query.database), query);
  }

  @Get('functions')
  @Answers(pageOf(functionView), 200)
  @Summary('List its functions and procedures that users made, by name')
  async functions(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: relationsQuery }) query: RelationsQuery,
  ): Promise<Page<FunctionView>> {
    return listFunctions(await this.#catalogs.open(caller.tenantId, ref, query.database), query);
  }

  @Get('types')
  @Answers(pageOf(typeView), 200)
  @Summary('List its types that users made, by name')
  async types(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: relationsQuery }) query: RelationsQuery,
  ): Promise<Page<TypeView>> {
    return listTypes(await this.#catalogs.open(caller.tenantId, ref, query.database), query);
  }

  @Get('operators')
  @Answers(pageOf(operatorView), 200)
  @Summary('List its operators that users made, by name')
  async operators(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: relationsQuery }) query: RelationsQuery,
  ): Promise<Page<OperatorView>> {
    return listOperators(await this.#catalogs.open(caller.tenantId, ref, query.database), query);
  }

  @Post('read')
  @Answers(catalogView, 202)
  @Summary('Have it read again by the agents')
  read(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: databaseQuery }) { database }: DatabaseQuery,
  ): Promise<z.input<typeof catalogView>> {
    return this.#catalogs.read(caller.tenantId, ref, database);
  }
}
