import type { Config } from '../config.js';
import type { Tenancy } from '../db/tenancy.js';
import { tokenIssuer } from '../logins/token-issuer.js';

/** `iss` and `aud` of our tokens. */
export const issuerUrl = ({ publicUrl }: Pick<Config, 'publicUrl'>, tenancy: Tenancy, id: string): string =>
  tokenIssuer(publicUrl, { id, isFirst: id === tenancy.defaultTenant });
