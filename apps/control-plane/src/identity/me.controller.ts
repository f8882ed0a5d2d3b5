import { Controller, Get } from '@nestjs/common';
import { z } from 'zod';
import { Answers, list } from '../http/answers.js';
import { CurrentCaller, roles } from '../http/caller.js';
import type { Caller } from '../http/caller.js';
import { NounDocs, Summary } from '../http/noun.js';

const callerView = z
  .object({
    kind: z.enum(['user', 'subagent']),
    id: z.string(),
    name: z.string(),
    groups: list(z.string()).describe('Names.'),
    role: z.enum(roles).optional().describe('Of people.'),
  })
  .meta({ id: 'Caller' });

@NounDocs('me')
@Controller('v1/me')
export class MeController {
  @Get()
  @Answers(callerView, 200)
  @Summary('Who the control plane takes you for')
  read(@CurrentCaller() caller: Caller): z.input<typeof callerView> {
    const { kind, id, name, groups } = caller;
    return { kind, id, name, groups, ...(caller.kind === 'user' ? { role: caller.role } : {}) };
  }
}
