import { Module } from '@nestjs/common';
import { Catalogs } from './catalogs.js';
import { Hub } from './hub.js';
import { Presence } from './presence.js';

/** Signed bundles to nodes, and what nodes say of themselves. */
@Module({ providers: [Hub, Presence, Catalogs], exports: [Hub] })
export class ConfigurationModule {}
