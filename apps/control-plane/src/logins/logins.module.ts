import { Module } from '@nestjs/common';
import { LoginsController } from './logins.controller.js';
import { Logins } from './logins.service.js';

/** Who is logged in, how and until when; and the end of it. */
@Module({ controllers: [LoginsController], providers: [Logins], exports: [Logins] })
export class LoginsModule {}
