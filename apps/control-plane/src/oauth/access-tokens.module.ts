import { Module } from '@nestjs/common';
import { AccessTokens } from './access-tokens.js';
import { DpopProofs } from './dpop.js';
import { TokenKeys } from './token-keys.js';

/** What mints and proves our tokens; it knows nothing of how one gets to them. */
@Module({ providers: [AccessTokens, DpopProofs, TokenKeys], exports: [AccessTokens, DpopProofs, TokenKeys] })
export class AccessTokensModule {}
