import { Module } from '@nestjs/common';
import { Hub } from './hub.js';
import { Presence } from './presence.js';

/** Signed bundles to nodes, and what nodes say of themselves. */
@Module({ providers: [Hub, Presence], exports: [Hub] })
export class ConfigurationModule {}
