import type { Config } from '../config.js';
import type { Tenancy } from '../db/tenancy.js';

/** `iss` and `aud` of our tokens: the public URL, with the organisation behind it for every one but the first. */
export function issuerUrl({ publicUrl }: Pick<Config, 'publicUrl'>, tenancy: Tenancy, tenantId: string): string {
  const base = publicUrl.replace(/\/+$/, '');
  return tenantId === tenancy.defaultTenant ? base : `${base}/t/${tenantId}`;
}
