import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Readiness } from './readiness.js';

@ApiTags('health')
@Controller()
export class HealthController {
  readonly #readiness: Readiness;

  constructor(@Inject(Readiness) readiness: Readiness) {
    this.#readiness = readiness;
  }

  @Get('healthz')
  @ApiOperation({ summary: 'The process is alive' })
  health(): unknown {
    return { status: 'ok' };
  }

  @Get('readyz')
  @ApiOperation({ summary: 'This replica can serve: database, migrations, gRPC' })
  async ready(@Res({ passthrough: true }) response: Response): Promise<unknown> {
    const { ready, checks } = await this.#readiness.look();
    response.status(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not ready', checks };
  }
}
