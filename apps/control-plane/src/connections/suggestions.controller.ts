import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common';
import type { z } from 'zod';
import { Answers, Refuses } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { pageOf } from '../http/page.js';
import type { Page } from '../http/page.js';
import { refParams } from '../http/text.js';
import type { RefParams } from '../http/text.js';
import { databaseQuery } from './catalog-view.js';
import type { DatabaseQuery } from './catalog-view.js';
import { tagsView } from './connection.js';
import { accepted, samplingView, suggestionView, suggestionsQuery } from './suggestion-view.js';
import type { Accepted, SuggestionView, SuggestionsQuery } from './suggestion-view.js';
import { SuggestionsService } from './suggestions.service.js';

@NounDocs('suggestions')
@Controller('v1/connections/:ref/suggestions')
export class SuggestionsController {
  readonly #suggestions: SuggestionsService;

  constructor(@Inject(SuggestionsService) suggestions: SuggestionsService) {
    this.#suggestions = suggestions;
  }

  @Get()
  @Answers(pageOf(suggestionView), 200)
  @Summary('List tags that its columns may deserve')
  list(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: suggestionsQuery }) query: SuggestionsQuery,
  ): Promise<Page<SuggestionView>> {
    return this.#suggestions.list(caller.tenantId, ref, query);
  }

  @Post('accept')
  @Answers(tagsView, 200)
  @Summary('Make tags of suggestions; answers all its tags')
  async accept(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: accepted }) body: Accepted,
  ): Promise<z.input<typeof tagsView>> {
    return { items: await this.#suggestions.accept(caller.tenantId, ref, body) };
  }

  @Get('sampling')
  @Answers(samplingView, 200)
  @Summary('When an agent last looked at values')
  sampling(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: databaseQuery }) { database }: DatabaseQuery,
  ): Promise<z.input<typeof samplingView>> {
    return this.#suggestions.sampling(caller.tenantId, ref, database);
  }

  @Post('sample')
  @Answers(samplingView, 202)
  @Refuses('conflict')
  @Summary('Have an agent look at a few values of each column, where the connection allows it')
  sample(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: databaseQuery }) { database }: DatabaseQuery,
  ): Promise<z.input<typeof samplingView>> {
    return this.#suggestions.sample(caller.tenantId, ref, database);
  }
}
