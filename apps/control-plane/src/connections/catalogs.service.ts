import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '@sallyport/kernel';
import type { z } from 'zod';
import { readCatalogChannel } from '../configuration/catalog-orders.js';
import { CatalogContents } from '../configuration/catalog-contents.js';
import { Database } from '../db/database.js';
import { Problem, invalidField, notFound } from '../http/problem.js';
import { byReference } from '../http/text.js';
import { Notifications } from '../notify/notifications.js';
import type { Listing } from './catalog-listing.js';
import { presentCatalog, stateColumns } from './catalog-state.js';
import type { CatalogRow, catalogView } from './catalog-state.js';
import type { catalogSummary } from './catalog-view.js';
import { presentTags } from './connection.js';

export interface OpenCatalog extends Listing {
  readonly connectionId: string;
  readonly database: string;
}

type State = z.input<typeof catalogView>;

/** What agents read at targets, to look at. */
@Injectable()
export class CatalogsService {
  readonly #database: Database;
  readonly #notifications: Notifications;
  readonly #contents: CatalogContents;

  constructor(
    @Inject(Database) database: Database,
    @Inject(Notifications) notifications: Notifications,
    @Inject(CatalogContents) contents: CatalogContents,
  ) {
    this.#database = database;
    this.#notifications = notifications;
    this.#contents = contents;
  }

  async summary(tenantId: string, ref: string, database?: string): Promise<z.input<typeof catalogSummary>> {
    const { row, name } = await this.#find(tenantId, ref, database);
    const catalog = await this.#content(tenantId, row);
    return {
      ...(row === undefined ? unread(name) : presentCatalog(row)),
      schemas: catalog?.schemas?.length ?? 0,
      relations: catalog?.relations.length ?? 0,
      columns: catalog?.relations.reduce((sum, { columns }) => sum + columns.length, 0) ?? 0,
      functions: catalog?.functions.length ?? 0,
      types: catalog?.types.length ?? 0,
    };
  }

  /** @throws Problem where there is none to look at */
  async open(tenantId: string, ref: string, database?: string): Promise<OpenCatalog> {
    const { connection, row, name } = await this.#find(tenantId, ref, database);
    const catalog = await this.#content(tenantId, row);
    if (catalog === undefined)
      throw new Problem('not_found', `the catalog of ${name} was not read yet, or is not believed: its state says why`);
    return { connectionId: connection.id, database: name, catalog, tags: presentTags(connection) };
  }

  /** Orders a look of the agents, which reports all of it. */
  async read(tenantId: string, ref: string, database?: string): Promise<State> {
    const { connection, row, name } = await this.#find(tenantId, ref, database);
    const order = { connection: connection.name, database: name, move: Number(row?.moves ?? 0), whole: true };
    await this.#notifications.send(readCatalogChannel, JSON.stringify({ tenantId, ...order }));
    return row === undefined ? unread(name) : presentCatalog(row);
  }

  async #find(tenantId: string, ref: string, wanted: string | undefined) {
    const connection = await this.#database.connection.findFirst({
      where: byReference(tenantId, ref),
      include: { tags: true },
    });
    if (connection === null) throw notFound('connection');
    const name = wanted ?? connection.database;
    if (name !== connection.database && !connection.databases.includes(name))
      throw invalidField('database', 'is none of this connection');
    const row = await this.#database.catalogSnapshot.findUnique({
      where: { connectionId_database: { connectionId: connection.id, database: name } },
      select: { ...stateColumns, id: true, moves: true },
    });
    return { connection, name, row: row ?? undefined };
  }

  #content(tenantId: string, row: (CatalogRow & { readonly id: string }) | undefined): Promise<Catalog | undefined> {
    return row === undefined || row.digest === ''
      ? Promise.resolve(undefined)
      : this.#contents.of(tenantId, row.id, row.digest);
  }
}

const unread = (database: string): State => ({
  ...{ database, state: 'absent', version: 0, digest: null, readBy: '', readAt: null, problem: null },
  advice: 'no agent has looked at it yet: is one of the connection connected?',
});
