import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { mintId } from '@sallyport/runtime';
import { CONFIG } from '../config.js';
import type { Config } from '../config.js';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Transaction } from '../db/database.js';
import { alreadyThere, nameForPut } from '../http/noun.js';
import { nounPage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { notFound } from '../http/problem.js';
import { byReference } from '../http/text.js';
import { Enforceability } from '../policies/enforceability.js';
import { include, present, presentTags } from './connection.js';
import type { ConnectionFields, ConnectionRow, ConnectionView, Tag, TagView, newConnection } from './connection.js';

@Injectable()
export class ConnectionsService {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;
  readonly #enforceability: Enforceability;
  readonly #defaultHold: number;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ConfigurationChanges) changes: ConfigurationChanges,
    @Inject(Enforceability) enforceability: Enforceability,
    @Inject(CONFIG) config: Config,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#enforceability = enforceability;
    this.#defaultHold = config.holdSeconds;
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<ConnectionView>> {
    const rows = await this.#database.connection.findMany({ ...nounPage(tenantId, query), include });
    return toPage(rows, query.limit, (row) => [row.id], present);
  }

  async get(tenantId: string, ref: string): Promise<ConnectionView> {
    return present(await this.#find(this.#database, tenantId, ref));
  }

  async create(tenantId: string, { name, ...fields }: z.infer<typeof newConnection>): Promise<ConnectionView> {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      if ((await transaction.connection.findFirst({ where: { tenantId, name } })) !== null)
        throw alreadyThere('connection', name);
      return this.#save(transaction, tenantId, { name, fields });
    });
  }

  async put(tenantId: string, ref: string, fields: ConnectionFields) {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const row = await transaction.connection.findFirst({ where: byReference(tenantId, ref) });
      const name = nameForPut('connection', ref, row);
      return { created: row === null, item: await this.#save(transaction, tenantId, { name, fields }) };
    });
  }

  async remove(tenantId: string, ref: string): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const done = await transaction.connection.deleteMany({ where: byReference(tenantId, ref) });
      if (done.count === 0) throw notFound('connection');
    });
  }

  async tags(tenantId: string, ref: string): Promise<readonly TagView[]> {
    return presentTags(await this.#find(this.#database, tenantId, ref));
  }

  async putTags(tenantId: string, ref: string, tags: readonly Tag[]): Promise<readonly TagView[]> {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const { id } = await this.#find(transaction, tenantId, ref);
      await replaceTags(transaction, tenantId, id, tags);
      return presentTags(await this.#find(transaction, tenantId, id));
    });
  }

  async #save(
    transaction: Transaction,
    tenantId: string,
    { name, fields }: { readonly name: string; readonly fields: ConnectionFields },
  ): Promise<ConnectionView> {
    const { tags, databases, holdSeconds, ...rest } = fields;
    const data = { ...rest, databases: databases ?? [rest.database], holdSeconds: holdSeconds ?? this.#defaultHold };
    const { id } = await transaction.connection.upsert({
      where: { tenantId_name: { tenantId, name } },
      create: { id: mintId('con'), tenantId, name, ...data },
      update: data,
    });
    if (tags !== undefined) await replaceTags(transaction, tenantId, id, tags);
    await this.#enforceability.checkPublished(transaction, tenantId, name);
    return present(await this.#find(transaction, tenantId, id));
  }

  async #find(from: Pick<Transaction, 'connection'>, tenantId: string, ref: string): Promise<ConnectionRow> {
    const row = await from.connection.findFirst({ where: byReference(tenantId, ref), include });
    if (row === null) throw notFound('connection');
    return row;
  }
}

async function replaceTags(
  transaction: Transaction,
  tenantId: string,
  connectionId: string,
  tags: readonly Tag[],
): Promise<void> {
  await transaction.columnTag.deleteMany({ where: { tenantId, connectionId } });
  await transaction.columnTag.createMany({
    data: tags.map((tag) => ({ id: mintId('tag'), tenantId, connectionId, ...tag })),
  });
}
