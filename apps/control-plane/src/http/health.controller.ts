import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import { Answers } from './answers.js';
import { NounDocs, Summary } from './noun.js';
import { Readiness } from './readiness.js';

const alive = z.object({ status: z.literal('ok') });
const readiness = z
  .object({ status: z.enum(['ready', 'not ready']), checks: z.record(z.string(), z.enum(['ok', 'failed'])) })
  .meta({ id: 'Readiness' });

@NounDocs('health')
@Controller()
export class HealthController {
  readonly #readiness: Readiness;

  constructor(@Inject(Readiness) readiness: Readiness) {
    this.#readiness = readiness;
  }

  @Get('healthz')
  @Answers(alive, 200)
  @Summary('The process is alive')
  health(): z.input<typeof alive> {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Answers(readiness, 200, 503)
  @Summary('This replica can serve: database, migrations, gRPC')
  async ready(@Res({ passthrough: true }) response: Response): Promise<z.input<typeof readiness>> {
    const { ready, checks } = await this.#readiness.look();
    response.status(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not ready', checks };
  }
}
