import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { seal, unseal } from '@sallyport/pki';
import { mintId } from '@sallyport/runtime';
import { exportJWK, exportPKCS8, generateKeyPair, importJWK, importPKCS8 } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { Keyring } from '../db/generated/client.js';
import { Tenancy } from '../db/tenancy.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { longestToken } from './lifetimes.js';

const purpose = 'token';
/** Which rows of the keyring are published. */
export const published = { purpose, retiredAt: null } as const;
export const tokenAlgorithm = 'ES256';
const lookInterval = 60_000;
/** Beside the staleness that proxies are allowed. */
const margin = 60_000;

export interface TokenKey {
  readonly id: string;
  readonly publicJwk: JWK;
  /** Published before, signs from then on. */
  readonly activeAt: Date;
  readonly createdAt: Date;
}

/**
 * The keys that sign access tokens. One signs; the next one is published long before it does, so that every proxy has it by
 * then; the one before stays published until its last token is over.
 */
@Injectable()
export class TokenKeys implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;
  readonly #config: Config;
  readonly #tenancy: Tenancy;
  readonly #log: Log;
  /** Open keys by id; a key never changes. */
  readonly #signing = new Map<string, Promise<CryptoKey>>();
  readonly #verifying = new Map<string, Promise<CryptoKey | Uint8Array>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ConfigurationChanges) changes: ConfigurationChanges,
    @Inject(CONFIG) config: Config,
    @Inject(Tenancy) tenancy: Tenancy,
    @Inject(LOG) log: Log,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#config = config;
    this.#tenancy = tenancy;
    this.#log = log;
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.tend(this.#tenancy.defaultTenant);
    const look = (): void =>
      void this.tend(this.#tenancy.defaultTenant).catch(() => {
        this.#log.warn({}, 'the keys of tokens could not be looked after; it is tried again');
      });
    this.#timer = setInterval(look, lookInterval).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /** All that are published, the oldest first. */
  async published(tenantId: string, from: Database | Transaction = this.#database): Promise<readonly TokenKey[]> {
    const rows = await rowsOf(from, tenantId);
    return rows.map(({ id, publicPart, activeAt, createdAt }) => ({
      ...{ id, activeAt, createdAt },
      publicJwk: JSON.parse(Buffer.from(publicPart).toString('utf8')) as JWK,
    }));
  }

  /** The key that signs now. */
  async signer(tenantId: string): Promise<{ readonly id: string; readonly key: CryptoKey }> {
    const row = signerOf(await rowsOf(this.#database, tenantId), new Date());
    if (row === undefined) throw new Error('no key signs tokens yet');
    const key =
      this.#signing.get(row.id) ??
      importPKCS8(Buffer.from(unseal(this.#config.key, row.sealed, contextOf(row))).toString('utf8'), tokenAlgorithm);
    this.#signing.set(row.id, key);
    return { id: row.id, key: await key };
  }

  /** The published key of this id, and no other. */
  async verifier(tenantId: string, id: string): Promise<CryptoKey | undefined> {
    const row = (await this.published(tenantId)).find((key) => key.id === id);
    if (row === undefined) return undefined;
    const reading = this.#verifying.get(id) ?? importJWK(row.publicJwk, tokenAlgorithm);
    this.#verifying.set(id, reading);
    const key = await reading;
    return key instanceof Uint8Array ? undefined : key;
  }

  /** Makes what is missing, and takes away what is over. Of several replicas, one does. */
  tend(tenantId: string, now = new Date()): Promise<void> {
    return this.#alone(async (transaction) => {
      const rows = await rowsOf(transaction, tenantId);
      const signer = signerOf(rows, now);
      if (signer === undefined) {
        const first = await this.#make(transaction, tenantId, now);
        await this.#make(transaction, tenantId, new Date(first.activeAt.getTime() + this.#config.tokenKeyLifetime));
        return this.#changes.changed(tenantId, transaction);
      }
      const over = rows.filter(
        (row) => row.activeAt < signer.activeAt && now.getTime() - signer.activeAt.getTime() > longestToken + margin,
      );
      const next = rows.find(({ activeAt }) => activeAt > now);
      // Two of them are enough: the next one comes when the former one has gone.
      const isDue = next === undefined && rows.length - over.length < 2;
      if (over.length === 0 && !isDue) return undefined;
      await transaction.keyring.updateMany({
        where: { tenantId, id: { in: over.map(({ id }) => id) } },
        data: { retiredAt: now },
      });
      if (isDue) {
        const byAge = signer.activeAt.getTime() + this.#config.tokenKeyLifetime;
        await this.#make(transaction, tenantId, new Date(Math.max(byAge, now.getTime() + this.#ahead)));
      }
      return this.#changes.changed(tenantId, transaction);
    });
  }

  /** The next key signs as soon as every proxy can have it: at once, if it has been published for long enough. */
  async rotate(tenantId: string, now = new Date()): Promise<void> {
    await this.#alone(async (transaction) => {
      const next = (await rowsOf(transaction, tenantId)).find(({ activeAt }) => activeAt > now);
      if (next === undefined) await this.#make(transaction, tenantId, new Date(now.getTime() + this.#ahead));
      else {
        const soonest = Math.max(now.getTime(), next.createdAt.getTime() + this.#ahead);
        if (soonest >= next.activeAt.getTime()) return;
        await transaction.keyring.update({ where: { id: next.id }, data: { activeAt: new Date(soonest) } });
      }
      await this.#changes.changed(tenantId, transaction);
    });
  }

  /** How long before it signs a key is published. */
  get #ahead(): number {
    return this.#config.maxStaleness + margin;
  }

  #alone<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    return this.#database.$transaction(async (transaction) => {
      await transaction.$executeRaw`select pg_advisory_xact_lock(hashtext('sallyport.token_keys'))`;
      return work(transaction);
    });
  }

  async #make(transaction: Transaction, tenantId: string, activeAt: Date): Promise<Keyring> {
    const { publicKey, privateKey } = await generateKeyPair(tokenAlgorithm, { extractable: true });
    const id = mintId('key');
    const jwk: JWK = { ...(await exportJWK(publicKey)), kid: id, alg: tokenAlgorithm, use: 'sig' };
    const secret = Buffer.from(await exportPKCS8(privateKey));
    const data = { id, tenantId, purpose, activeAt };
    return transaction.keyring.create({
      data: {
        ...data,
        publicPart: new Uint8Array(Buffer.from(JSON.stringify(jwk))),
        sealed: new Uint8Array(seal(this.#config.key, secret, contextOf(data))),
      },
    });
  }
}

const contextOf = ({ tenantId, id }: { readonly tenantId: string; readonly id: string }): string =>
  `keyring/${tenantId}/${purpose}/${id}`;

const rowsOf = (from: Database | Transaction, tenantId: string): Promise<Keyring[]> =>
  from.keyring.findMany({
    where: { ...published, tenantId },
    orderBy: [{ activeAt: 'asc' }, { id: 'asc' }],
  });

const signerOf = (rows: readonly Keyring[], now: Date): Keyring | undefined =>
  rows.findLast(({ activeAt }) => activeAt <= now);
