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
import { ClassesService, classFields, newClass, classView } from './classes.service.js';
import type { ClassFields, ClassView } from './classes.service.js';

@NounDocs('classes')
@Controller('v1/classes')
export class ClassesController {
  readonly #classes: ClassesService;

  constructor(@Inject(ClassesService) classes: ClassesService) {
    this.#classes = classes;
  }

  @Get()
  @Answers(pageOf(classView), 200)
  @Summary('List classes')
  list(@CurrentUser() caller: UserCaller, @Query({ schema: pageQuery }) query: PageQuery): Promise<Page<ClassView>> {
    return this.#classes.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Answers(classView, 200)
  @Summary('Read one, by id or name')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<ClassView> {
    return this.#classes.get(caller.tenantId, ref);
  }

  @Post()
  @Answers(classView, 201)
  @Refuses('conflict')
  @Summary('Make a new one')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newClass }) body: z.infer<typeof newClass>,
  ): Promise<ClassView> {
    return this.#classes.create(caller.tenantId, body);
  }

  @Put(':ref')
  @Answers(classView, 200, 201)
  @Refuses('not_found', 'conflict')
  @Summary('Make it so: change the one of this id or name, or make one of this name')
  async put(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: classFields }) body: ClassFields,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ClassView> {
    return answerPut(response, await this.#classes.put(caller.tenantId, ref, body));
  }

  @Delete(':ref')
  @AnswersNothing()
  @Summary('Remove it')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#classes.remove(caller.tenantId, ref);
  }
}
