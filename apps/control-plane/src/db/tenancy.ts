import { mintId } from '@sallyport/runtime';
import { hashSecret, mintSecret } from '../identity/secret-token.js';
import type { Database } from './database.js';

/** The tenants of this installation: for now one, but no query forgets to name it. */
export class Tenancy {
  readonly defaultTenant: string;

  constructor(defaultTenant: string) {
    this.defaultTenant = defaultTenant;
  }
}

export interface PreparedTenancy {
  readonly tenancy: Tenancy;
  /** Only for who made the tenant: the token for setting it up, told once. */
  readonly setupToken: string | undefined;
}

const defaultName = 'default';

/** Makes the default tenant where there is none. Of several replicas that start at once, one makes it. */
export async function prepareTenancy(database: Database): Promise<PreparedTenancy> {
  const setupToken = mintSecret('sps');
  const made = await database.tenant.createMany({
    data: [{ id: mintId('ten'), name: defaultName, setupTokenHash: hashSecret(setupToken) }],
    skipDuplicates: true,
  });
  const { id } = await database.tenant.findUniqueOrThrow({ where: { name: defaultName }, select: { id: true } });
  return { tenancy: new Tenancy(id), setupToken: made.count === 1 ? setupToken : undefined };
}

/** A new set-up token, for who lost the first one; `undefined` once the installation is set up. */
export async function renewSetupToken(database: Database): Promise<string | undefined> {
  const setupToken = mintSecret('sps');
  const renewed = await database.tenant.updateMany({
    where: { name: defaultName, setupTokenHash: { not: null } },
    data: { setupTokenHash: hashSecret(setupToken) },
  });
  return renewed.count === 1 ? setupToken : undefined;
}
