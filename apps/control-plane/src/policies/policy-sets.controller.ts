import { Body, Controller, Delete, Get, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import { Answers, AnswersNothing, Refuses } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary, answerPut } from '../http/noun.js';
import { pageOf, pageQuery } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { refParams, text } from '../http/text.js';
import type { RefParams } from '../http/text.js';
import {
  diffView,
  newPolicySet,
  policySetView,
  policyVersionView,
  validationView,
  versionFields,
} from './policy-set.js';
import type { Diff, PolicySetView, PolicyVersionView, Validation, VersionFields } from './policy-set.js';
import { PolicySetsService } from './policy-sets.service.js';

const versionNumber = z.coerce.number().int().min(1).max(2_147_483_647);
const candidate = z.strictObject({ text: text(1_048_576).describe('Cedar policies.') });
const publication = z.strictObject({ version: versionNumber });
const versionParams = z.strictObject({ ...refParams.shape, version: versionNumber });
const diffQuery = z.strictObject({ from: versionNumber, to: versionNumber });

@NounDocs('policy-sets')
@Controller('v1/policy-sets')
export class PolicySetsController {
  readonly #sets: PolicySetsService;

  constructor(@Inject(PolicySetsService) sets: PolicySetsService) {
    this.#sets = sets;
  }

  @Get()
  @Answers(pageOf(policySetView), 200)
  @Summary('List policy-sets')
  list(
    @CurrentUser() caller: UserCaller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<PolicySetView>> {
    return this.#sets.list(caller.tenantId, query);
  }

  @Get(':ref')
  @Answers(policySetView, 200)
  @Summary('Read one, with the text of its newest version')
  get(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<PolicySetView> {
    return this.#sets.get(caller.tenantId, ref);
  }

  @Post()
  @Answers(policySetView, 201)
  @Refuses('conflict', 'policy_invalid', 'unenforceable')
  @Summary('Make a new one, with its first version')
  create(
    @CurrentUser() caller: UserCaller,
    @Body({ schema: newPolicySet }) body: z.infer<typeof newPolicySet>,
  ): Promise<PolicySetView> {
    return this.#sets.create(caller.tenantId, caller.name, body);
  }

  @Put(':ref')
  @Answers(policySetView, 200, 201)
  @Refuses('not_found', 'conflict', 'policy_invalid', 'unenforceable')
  @Summary('Make it so: a new version where the text is new, published where asked')
  async put(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: versionFields }) fields: VersionFields,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PolicySetView> {
    return answerPut(response, await this.#sets.put(caller.tenantId, caller.name, { ref, fields }));
  }

  @Delete(':ref')
  @AnswersNothing()
  @Summary('Remove it and its versions; its policies are no longer in force')
  remove(@CurrentUser() caller: UserCaller, @Param({ schema: refParams }) { ref }: RefParams): Promise<void> {
    return this.#sets.remove(caller.tenantId, ref);
  }

  @Post(':ref/validate')
  @Answers(validationView, 200)
  @Summary('Check a text against the schema and what the connections can enforce; nothing is kept')
  validate(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: candidate }) body: z.infer<typeof candidate>,
  ): Promise<Validation> {
    return this.#sets.validate(caller.tenantId, ref, body.text);
  }

  @Get(':ref/versions')
  @Answers(pageOf(policyVersionView), 200)
  @Summary('List its versions, newest first')
  versions(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<Page<PolicyVersionView>> {
    return this.#sets.versions(caller.tenantId, ref, query);
  }

  @Get(':ref/versions/:version')
  @Answers(policyVersionView, 200)
  @Summary('Read one version')
  version(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: versionParams }) { ref, version }: z.infer<typeof versionParams>,
  ): Promise<PolicyVersionView> {
    return this.#sets.version(caller.tenantId, ref, version);
  }

  @Post(':ref/versions')
  @Answers(policyVersionView, 201)
  @Refuses('policy_invalid', 'unenforceable')
  @Summary('Keep a new version, and publish it where asked')
  addVersion(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: versionFields }) fields: VersionFields,
  ): Promise<PolicyVersionView> {
    return this.#sets.addVersion(caller.tenantId, caller.name, { ref, fields });
  }

  @Post(':ref/publish')
  @Answers(policySetView, 200)
  @Refuses('policy_invalid', 'unenforceable')
  @Summary('Put a version in force; an older one is a rollback')
  publish(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Body({ schema: publication }) body: z.infer<typeof publication>,
  ): Promise<PolicySetView> {
    return this.#sets.publish(caller.tenantId, ref, body.version);
  }

  @Get(':ref/diff')
  @Answers(diffView, 200)
  @Summary('What changed from one version to another')
  diff(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: refParams }) { ref }: RefParams,
    @Query({ schema: diffQuery }) query: z.infer<typeof diffQuery>,
  ): Promise<Diff> {
    return this.#sets.diff(caller.tenantId, ref, query);
  }
}
