import { Module } from '@nestjs/common';
import { BrowserSessions } from './browser-sessions.js';
import { LoginsController } from './logins.controller.js';
import { Logins } from './logins.service.js';

/** Who is logged in, how and until when; and the end of it. */
@Module({ controllers: [LoginsController], providers: [Logins, BrowserSessions], exports: [Logins, BrowserSessions] })
export class LoginsModule {}
