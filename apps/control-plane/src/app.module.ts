import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ApprovalsModule } from './approvals/approvals.module.js';
import { BudgetsModule } from './budgets/budgets.module.js';
import { ConnectionsModule } from './connections/connections.module.js';
import { GroundModule } from './ground.module.js';
import type { Ground } from './ground.module.js';
import { GrpcModule } from './grpc/grpc.module.js';
import { HttpModule } from './http/http.module.js';
import { IdentityModule } from './identity/identity.module.js';
import { LoginsModule } from './logins/logins.module.js';
import { NodesModule } from './nodes/nodes.module.js';
import { ProvidersModule } from './providers/providers.module.js';
import { OAuthModule } from './oauth/oauth.module.js';
import { PoliciesModule } from './policies/policies.module.js';
import { SessionsModule } from './sessions/sessions.module.js';

/** The control plane: one module per noun. */
@Module({})
export class AppModule {
  static on(ground: Ground): DynamicModule {
    return {
      module: AppModule,
      imports: [
        GroundModule.with(ground),
        HttpModule,
        IdentityModule,
        LoginsModule,
        ProvidersModule,
        OAuthModule,
        ConnectionsModule,
        PoliciesModule,
        NodesModule,
        SessionsModule,
        BudgetsModule,
        GrpcModule,
        ApprovalsModule,
      ],
    };
  }
}
