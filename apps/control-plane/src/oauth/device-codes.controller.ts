import { Controller, Get, Inject, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import { Answers, AnswersNothing, Refuses, moment } from '../http/answers.js';
import { CurrentUser } from '../http/caller.js';
import type { UserCaller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';
import { DeviceAnswers } from './device-answers.js';
import { userCodeForm } from './device-codes.js';

const codeParams = z.strictObject({
  code: z.string().regex(userCodeForm, 'must be a code such as BCDF-GHJK'),
});
type CodeParams = z.infer<typeof codeParams>;

const deviceView = z
  .object({
    userCode: z.string(),
    address: z.string().describe('Where the device asked from.'),
    userAgent: z.string(),
    createdAt: moment,
    expiresAt: moment,
  })
  .meta({ id: 'WaitingDevice' });

/** Devices that wait for their person's word. */
@NounDocs('device-codes')
@Controller('v1/device-codes')
export class DeviceCodesController {
  readonly #answers: DeviceAnswers;

  constructor(@Inject(DeviceAnswers) answers: DeviceAnswers) {
    this.#answers = answers;
  }

  @Get(':code')
  @Refuses('not_found', 'too_many_requests')
  @Answers(deviceView, 200)
  @Summary('Which device waits under this code')
  async get(
    @CurrentUser() caller: UserCaller,
    @Param({ schema: codeParams }) { code }: CodeParams,
  ): Promise<z.input<typeof deviceView>> {
    const { userCode, address, userAgent, createdAt, expiresAt } = await this.#answers.look(caller, code);
    return { userCode: `${userCode.slice(0, 4)}-${userCode.slice(4)}`, address, userAgent, createdAt, expiresAt };
  }

  @Post(':code/approve')
  @Refuses('not_found', 'forbidden', 'too_many_requests')
  @AnswersNothing()
  @Summary('Log this device in as yourself; only for who signed in with a browser')
  approve(@CurrentUser() caller: UserCaller, @Param({ schema: codeParams }) { code }: CodeParams): Promise<void> {
    return this.#answers.answer(caller, code, true);
  }

  @Post(':code/deny')
  @Refuses('not_found', 'too_many_requests')
  @AnswersNothing()
  @Summary('Refuse it')
  deny(@CurrentUser() caller: UserCaller, @Param({ schema: codeParams }) { code }: CodeParams): Promise<void> {
    return this.#answers.answer(caller, code, false);
  }
}
