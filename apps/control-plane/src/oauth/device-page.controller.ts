import { Body, Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { UserCaller } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import { BrowserSessions } from '../logins/browser-sessions.js';
import { escape, sendPage } from '../providers/pages.js';
import { DeviceAnswers } from './device-answers.js';
import { userCodeForm } from './device-codes.js';

const answer = z.object({ user_code: z.string().regex(userCodeForm), word: z.enum(['approve', 'deny']) });

/** Where a person types the code that a device shows them, sees which device it is, and says yes or no. */
@ApiExcludeController()
@Controller('auth/device')
export class DevicePageController {
  readonly #sessions: BrowserSessions;
  readonly #answers: DeviceAnswers;

  constructor(@Inject(BrowserSessions) sessions: BrowserSessions, @Inject(DeviceAnswers) answers: DeviceAnswers) {
    this.#sessions = sessions;
    this.#answers = answers;
  }

  @Get()
  async look(@Query('user_code') code: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    const known = typeof code === 'string' && userCodeForm.test(code) ? code : undefined;
    await this.#asPerson(request, response, known, async (caller) => {
      if (known === undefined) return sendPage(response, 200, 'Log a device in', form);
      const { userCode, address, userAgent, createdAt } = await this.#answers.look(caller, known);
      sendPage(response, 200, 'Log this device in?', questionOf({ userCode, address, userAgent, createdAt, caller }));
    });
  }

  @Post()
  async answer(@Body() body: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    const parsed = answer.safeParse(body);
    await this.#asPerson(request, response, undefined, async (caller) => {
      if (!parsed.success) throw new Problem('invalid_request', 'that is no code of a device');
      const agrees = parsed.data.word === 'approve';
      await this.#answers.answer(caller, parsed.data.user_code, agrees);
      const said = agrees ? 'The device is logged in as you.' : 'The device is refused.';
      sendPage(response, 200, agrees ? 'Logged in' : 'Refused', `<p>${said} You can close this page.</p>`);
    });
  }

  /** Who is not signed in does that first, and comes back to the code. */
  async #asPerson(
    request: Request,
    response: Response,
    code: string | undefined,
    work: (caller: UserCaller) => Promise<void>,
  ): Promise<void> {
    const known = await this.#sessions.authenticate(request);
    if (known?.kind !== 'known' || known.caller.kind !== 'user') {
      const path = `/auth/device${code === undefined ? '' : `?user_code=${code}`}`;
      response.redirect(302, `/auth?returnTo=${encodeURIComponent(path)}`);
      return;
    }
    try {
      await work(known.caller);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(problem.retryAfterSeconds));
      sendPage(response, problem.status, 'That did not work', `<p>${escape(problem.message)}.</p>\n${form}`);
    }
  }
}

const form = `<form method="get" action="/auth/device"><label>The code that your device shows<br>
<input name="user_code" autocomplete="off" autocapitalize="characters" required maxlength="9"></label>
<button>Go on</button></form>`;

function questionOf(device: {
  readonly userCode: string;
  readonly address: string;
  readonly userAgent: string;
  readonly createdAt: Date;
  readonly caller: UserCaller;
}): string {
  const { userCode, address, userAgent, createdAt, caller } = device;
  return `<p>It asked from <strong>${escape(address)}</strong> (${escape(userAgent)}) at ${createdAt.toISOString()}
and will act as <strong>${escape(caller.name)}</strong>. Say yes only if you started it yourself, and it shows
<strong>${escape(`${userCode.slice(0, 4)}-${userCode.slice(4)}`)}</strong>.</p>
<form method="post" action="/auth/device"><input type="hidden" name="user_code" value="${escape(userCode)}">
<button name="word" value="approve">Yes, log it in</button><button name="word" value="deny">No</button></form>`;
}
