import { Inject, Injectable } from '@nestjs/common';
import { mintId } from '@sallyport/runtime';
import { z } from 'zod';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import type { IdentityProvider, Prisma } from '../db/generated/client.js';
import { Sealer } from '../db/sealed.js';
import { alreadyThere, nameForPut } from '../http/noun.js';
import { nounPage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { Problem, invalidField, notFound } from '../http/problem.js';
import { byReference } from '../http/text.js';
import { Logins } from '../logins/logins.service.js';
import { keptMetadata, newProvider, presentProvider } from './provider.js';
import type { KeptMetadata, ProviderFields, ProviderView } from './provider.js';
import { readMetadata } from './provider-metadata.js';

/** Where people sign in. */
@Injectable()
export class ProvidersService {
  readonly #database: Database;
  readonly #config: Config;
  readonly #logins: Logins;
  readonly #sealer: Sealer;

  constructor(@Inject(Database) database: Database, @Inject(CONFIG) config: Config, @Inject(Logins) logins: Logins) {
    this.#database = database;
    this.#config = config;
    this.#logins = logins;
    this.#sealer = new Sealer(config.key, 'identity-provider');
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<ProviderView>> {
    const rows = await this.#database.identityProvider.findMany(nounPage(tenantId, query));
    return toPage(rows, query.limit, (row) => [row.id], this.#present);
  }

  async get(tenantId: string, ref: string): Promise<ProviderView> {
    return this.#present(await this.#find(tenantId, ref));
  }

  async create(tenantId: string, { name, ...fields }: z.infer<typeof newProvider>): Promise<ProviderView> {
    return this.#save(tenantId, name, { fields, row: 'must not be' });
  }

  async put(tenantId: string, ref: string, fields: ProviderFields) {
    const row = await this.#database.identityProvider.findFirst({ where: byReference(tenantId, ref) });
    const name = nameForPut('identity provider', ref, row);
    return { created: row === null, item: await this.#save(tenantId, name, { fields, row }) };
  }

  async setClientSecret(tenantId: string, ref: string, secret: string | null): Promise<ProviderView> {
    const { id, kind } = await this.#find(tenantId, ref);
    if (kind !== 'oidc') throw new Problem('conflict', 'only providers of the kind oidc have a client secret');
    const sealed = secret === null ? null : new Uint8Array(this.#sealer.seal(Buffer.from(secret), id));
    await this.#database.identityProvider.updateMany({ where: { id, tenantId }, data: { sealed } });
    return this.get(tenantId, id);
  }

  /** Null: it has none. */
  clientSecretOf({ id, sealed }: IdentityProvider): string | null {
    return sealed === null ? null : this.#sealer.open(sealed, id).toString('utf8');
  }

  /** Who signed in there is signed out, and leaves the groups that it put them into. */
  async remove(tenantId: string, ref: string): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      const row = await transaction.identityProvider.findFirst({ where: byReference(tenantId, ref) });
      if (row === null) throw notFound('identity provider');
      await this.#logins.endAllOf(tenantId, { providerId: row.id }, 'provider removed', transaction);
      await transaction.groupMember.deleteMany({ where: { tenantId, source: row.id } });
      await transaction.identityProvider.delete({ where: { id: row.id } });
    });
  }

  async refresh(tenantId: string, ref: string): Promise<ProviderView> {
    const row = await this.#find(tenantId, ref);
    if (keptMetadata(row).given !== undefined)
      throw new Problem('conflict', 'its metadata were given by hand; there is nowhere to read them');
    return this.#present(await this.refreshMetadata(row));
  }

  /** The old ones stay in force when it fails. */
  async refreshMetadata(row: IdentityProvider): Promise<IdentityProvider> {
    const { kind, issuer, metadataUrl } = row;
    const source = { kind: kind === 'saml' ? ('saml' as const) : ('oidc' as const), issuer, metadataUrl };
    const reading = await readMetadata({ ...source, given: undefined }, this.#reads());
    const data =
      reading.kind === 'failed'
        ? { metadataProblem: reading.problem }
        : { metadata: json(reading.metadata), metadataReadAt: new Date(), metadataProblem: null };
    await this.#database.identityProvider.updateMany({ where: { id: row.id, kind, issuer, metadataUrl }, data });
    return this.#find(row.tenantId, row.id);
  }

  readonly #present = (row: IdentityProvider): ProviderView => presentProvider(row, this.#config.publicUrl);
  readonly #reads = () => ({ allowPrivate: this.#config.allowPrivateUrls });

  async #save(
    tenantId: string,
    name: string,
    { fields, row }: { readonly fields: ProviderFields; readonly row: IdentityProvider | null | 'must not be' },
  ): Promise<ProviderView> {
    const present = row === 'must not be' ? null : row;
    refuseMisfits(fields);
    if (present !== null && (present.kind !== fields.kind || present.issuer !== fields.issuer))
      throw new Problem('conflict', 'its people are known by kind and issuer: make another provider instead');
    const metadata = await this.#metadataFor(fields, present);
    const data = {
      ...{ kind: fields.kind, issuer: fields.issuer, clientId: fields.clientId ?? null },
      ...{ metadataUrl: fields.metadataUrl ?? null, scopes: fields.scopes, mapping: fields.mapping },
      ...{ idpInitiated: fields.idpInitiated, justInTime: fields.justInTime, disabled: fields.disabled },
      ...(metadata === undefined
        ? {}
        : { metadata: json(metadata), metadataReadAt: new Date(), metadataProblem: null }),
    };
    const saved = await this.#database.$transaction(async (transaction) => {
      const where = { tenantId, name };
      if (row === 'must not be' && (await transaction.identityProvider.count({ where })) > 0)
        throw alreadyThere('identity provider', name);
      await refuseMissingGroups(transaction, tenantId, fields);
      const { kind, issuer } = fields;
      const other = await transaction.identityProvider.findFirst({
        where: { tenantId, kind, issuer, name: { not: name } },
      });
      if (other !== null) throw new Problem('conflict', `the identity provider ${other.name} has this issuer already`);
      if (fields.disabled && present !== null)
        await this.#logins.endAllOf(tenantId, { providerId: present.id }, 'provider disabled', transaction);
      return transaction.identityProvider.upsert({
        where: { tenantId_name: where },
        create: { id: mintId('idp'), ...where, ...data },
        update: data,
      });
    });
    return this.#present(saved);
  }

  /** `undefined`: what is there stays. A provider is never saved unread: nothing that it signs could be verified. */
  async #metadataFor(fields: ProviderFields, row: IdentityProvider | null): Promise<KeptMetadata | undefined> {
    const given = fields.metadata ?? undefined;
    const metadataUrl = fields.metadataUrl ?? null;
    if (row !== null && row.metadataUrl === metadataUrl && keptMetadata(row).given === given) return undefined;
    const { kind, issuer } = fields;
    const reading = await readMetadata({ kind, issuer, metadataUrl, given }, this.#reads());
    if (reading.kind === 'read') return reading.metadata;
    const path = given === undefined ? 'metadataUrl' : 'metadata';
    throw new Problem('issuer_unreachable', `the metadata could not be read: ${reading.problem}`, {
      errors: [{ path, message: reading.problem }],
    });
  }

  async #find(tenantId: string, ref: string): Promise<IdentityProvider> {
    const row = await this.#database.identityProvider.findFirst({ where: byReference(tenantId, ref) });
    if (row === null) throw notFound('identity provider');
    return row;
  }
}

function refuseMisfits({ kind, clientId, metadata, metadataUrl, idpInitiated }: ProviderFields): void {
  const isGiven = (metadata ?? null) !== null;
  if (kind === 'oidc') {
    if ((clientId ?? null) === null) throw invalidField('clientId', 'say who we are there');
    if (isGiven) throw invalidField('metadata', 'is for SAML; OIDC reads them at metadataUrl');
    if (idpInitiated) throw invalidField('idpInitiated', 'is for SAML');
    return;
  }
  if ((clientId ?? null) !== null) throw invalidField('clientId', 'is for OIDC');
  if (isGiven === ((metadataUrl ?? null) !== null))
    throw invalidField('metadataUrl', 'say where its metadata are, or give them as metadata');
}

async function refuseMissingGroups(transaction: Transaction, tenantId: string, fields: ProviderFields): Promise<void> {
  const wanted = [...new Set(fields.mapping.groups.map(({ group }) => group))];
  const groups = await transaction.group.findMany({
    where: { tenantId, name: { in: wanted } },
    select: { name: true },
  });
  const there = new Set(groups.map(({ name }) => name));
  const missing = wanted.find((name) => !there.has(name));
  if (missing !== undefined) throw invalidField('mapping.groups', `there is no group ${missing}`);
}

const json = (metadata: KeptMetadata): Prisma.InputJsonObject => metadata as unknown as Prisma.InputJsonObject;
