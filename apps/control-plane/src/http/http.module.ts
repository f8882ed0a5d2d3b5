import { Module, StandardSchemaSerializerInterceptor } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { AdminActionsInterceptor } from '../audit/admin-actions.interceptor.js';
import { IdentityModule } from '../identity/identity.module.js';
import { LoginsModule } from '../logins/logins.module.js';
import { AuthGuard } from './auth.guard.js';
import { HealthController } from './health.controller.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { ProblemFilter } from './problem.filter.js';
import { SurplusInterceptor } from './surplus.interceptor.js';
import { validationPipe } from './validation.js';

/** What every request goes through, in this order: guard, idempotency, record of the action, validation, handler; then its
 * answer, made by its schema. */
@Module({
  imports: [IdentityModule, LoginsModule],
  controllers: [HealthController],
  providers: [
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_GUARD, useClass: AuthGuard },
    { provide: APP_INTERCEPTOR, useClass: SurplusInterceptor },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    { provide: APP_INTERCEPTOR, useClass: AdminActionsInterceptor },
    { provide: APP_INTERCEPTOR, useClass: StandardSchemaSerializerInterceptor },
    { provide: APP_PIPE, useFactory: validationPipe },
  ],
})
export class HttpModule {}
