import { randomBytes } from 'node:crypto';
import { ConfigProblem, mintId } from '@sallyport/runtime';
import { createAuthority, createBundleKey, fingerprintOf, seal, unseal } from '@sallyport/pki';
import type { Authority, BundleKey } from '@sallyport/pki';
import type { Database, Transaction } from '../db/database.js';

/** The control plane's own keys, open in memory only. */
export interface Keys {
  /** As certificates and manifests name it. */
  readonly tenant: string;
  readonly authority: Authority;
  readonly fingerprint: string;
  readonly bundle: BundleKey;
  /** Seals kept commands. */
  readonly sealKey: Uint8Array;
  /** Of the mask format `hash`. */
  readonly hashKey: Uint8Array;
}

/** Nest's token of the keys. */
export const KEYS = Symbol('keys');

type Purpose = 'ca' | 'bundle' | 'seal' | 'hash';

interface Fresh {
  readonly publicPart: Uint8Array;
  readonly secret: Uint8Array;
}

/**
 * Opens the keys, and makes those that are missing. Of several replicas that start at once, one makes them.
 *
 * @throws ConfigProblem when the configured key does not open them
 */
export function openKeyring(database: Database, tenantId: string, key: Uint8Array): Promise<Keys> {
  return database.$transaction(
    async (transaction) => {
      await transaction.$executeRaw`select pg_advisory_xact_lock(hashtext('sallyport.keyring'))`;
      const { name: tenant } = await transaction.tenant.findUniqueOrThrow({ where: { id: tenantId } });
      const open = (purpose: Purpose): Promise<Fresh> => openOrMake(transaction, { tenantId, tenant, purpose, key });
      const [ca, bundle, sealing, hash] = [
        await open('ca'),
        await open('bundle'),
        await open('seal'),
        await open('hash'),
      ];
      const row = await transaction.keyring.findFirstOrThrow({
        where: { tenantId, purpose: 'bundle', retiredAt: null },
      });
      return {
        tenant,
        authority: { certificate: ca.publicPart, privateKey: ca.secret },
        fingerprint: fingerprintOf(ca.publicPart),
        bundle: { id: row.id, publicKey: bundle.publicPart, privateKey: bundle.secret },
        sealKey: sealing.secret,
        hashKey: hash.secret,
      };
    },
    { maxWait: 30_000, timeout: 30_000 },
  );
}

async function openOrMake(
  transaction: Transaction,
  place: { readonly tenantId: string; readonly tenant: string; readonly purpose: Purpose; readonly key: Uint8Array },
): Promise<Fresh> {
  const { tenantId, purpose, key } = place;
  const row = await transaction.keyring.findFirst({
    where: { tenantId, purpose, retiredAt: null },
    orderBy: { createdAt: 'desc' },
  });
  if (row !== null)
    try {
      return { publicPart: row.publicPart, secret: unseal(key, row.sealed, contextOf(tenantId, purpose, row.id)) };
    } catch {
      throw new ConfigProblem([
        'SALLYPORT_KEY does not open the keys in this database: start with the key that they were made with',
      ]);
    }
  const fresh = await make(purpose, place.tenant);
  const id = mintId('key');
  const sealed = new Uint8Array(seal(key, fresh.secret, contextOf(tenantId, purpose, id)));
  const publicPart = new Uint8Array(fresh.publicPart);
  await transaction.keyring.create({ data: { id, tenantId, purpose, publicPart, sealed } });
  return fresh;
}

const contextOf = (tenantId: string, purpose: Purpose, id: string): string => `keyring/${tenantId}/${purpose}/${id}`;

async function make(purpose: Purpose, tenant: string): Promise<Fresh> {
  switch (purpose) {
    case 'ca': {
      const { certificate, privateKey } = await createAuthority({ tenant, now: Date.now() });
      return { publicPart: certificate, secret: privateKey };
    }
    case 'bundle': {
      const { publicKey, privateKey } = createBundleKey();
      return { publicPart: publicKey, secret: privateKey };
    }
    case 'seal':
    case 'hash':
      return { publicPart: new Uint8Array(), secret: new Uint8Array(randomBytes(32)) };
  }
}
