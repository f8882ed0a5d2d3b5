import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller } from '../http/caller.js';
import type { Caller } from '../http/caller.js';

@ApiTags('me')
@ApiBearerAuth()
@Controller('v1/me')
export class MeController {
  @Get()
  @ApiOperation({ summary: 'Who the control plane takes you for' })
  read(@CurrentCaller() caller: Caller): unknown {
    const { kind, id, name, groups } = caller;
    return { kind, id, name, groups, ...(caller.kind === 'user' ? { role: caller.role } : {}) };
  }
}
