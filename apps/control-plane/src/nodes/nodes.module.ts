import { Module } from '@nestjs/common';
import { AgentsController } from './agents.controller.js';
import { JoinTokensController } from './join-tokens.controller.js';
import { NodesService } from './nodes.service.js';
import { ProxiesController } from './proxies.controller.js';

/** Proxies and agents, as people see them. */
@Module({ controllers: [AgentsController, ProxiesController, JoinTokensController], providers: [NodesService] })
export class NodesModule {}
