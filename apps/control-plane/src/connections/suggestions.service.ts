import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { mintId } from '@sallyport/runtime';
import { sampleColumnsChannel } from '../configuration/catalog-orders.js';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { Page } from '../http/page.js';
import { Problem, invalidField } from '../http/problem.js';
import { Notifications } from '../notify/notifications.js';
import { pageOfAll } from './catalog-listing.js';
import { CatalogsService } from './catalogs.service.js';
import type { OpenCatalog } from './catalogs.service.js';
import { mostTags, presentTags } from './connection.js';
import type { TagView } from './connection.js';
import { suggest } from './suggest.js';
import type { Suggestion } from './suggest.js';
import type { Accepted, SuggestionView, SuggestionsQuery, samplingView } from './suggestion-view.js';

type Sampling = z.input<typeof samplingView>;

/** Tags that columns may deserve: by their names, and by what agents found in a few of their values. */
@Injectable()
export class SuggestionsService {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;
  readonly #catalogs: CatalogsService;
  readonly #notifications: Notifications;

  constructor(
    @Inject(Database) database: Database,
    @Inject(ConfigurationChanges) changes: ConfigurationChanges,
    @Inject(CatalogsService) catalogs: CatalogsService,
    @Inject(Notifications) notifications: Notifications,
  ) {
    this.#database = database;
    this.#changes = changes;
    this.#catalogs = catalogs;
    this.#notifications = notifications;
  }

  async list(tenantId: string, ref: string, query: SuggestionsQuery): Promise<Page<SuggestionView>> {
    const { suggestions } = await this.#all(tenantId, ref, query.database);
    return pageOfAll(suggestions, query, 4, (each) => [each.schema, each.table, each.column, each.class]);
  }

  /** Adds to the tags that are there; all of the items, or none. */
  async accept(tenantId: string, ref: string, { database, items }: Accepted): Promise<readonly TagView[]> {
    const { open, suggestions } = await this.#all(tenantId, ref, database);
    const known = new Set(suggestions.map(keyOf));
    const strange = items.findIndex((item) => !known.has(keyOf(item)));
    if (strange >= 0) throw invalidField(`items.${strange}`, 'is not suggested, or is a tag already');
    const { connectionId } = open;
    return this.#database.$transaction(async (transaction) => {
      // Changes of one tenant take turns: nobody's tags are lost.
      await this.#changes.changed(tenantId, transaction);
      const before = await transaction.columnTag.findMany({ where: { tenantId, connectionId } });
      const merged = new Map(before.map((tag) => [columnOf(tag), tag.classes]));
      for (const item of items)
        merged.set(columnOf(item), [...new Set([...(merged.get(columnOf(item)) ?? []), item.class])]);
      if (merged.size > mostTags)
        throw invalidField('items', `would make more than ${mostTags} tags of this connection`);
      const columns = new Map(
        items.map(({ schema, table, column }) => [columnOf({ schema, table, column }), { schema, table, column }]),
      );
      await transaction.columnTag.deleteMany({ where: { tenantId, connectionId, OR: [...columns.values()] } });
      const data = [...columns].map(([key, column]) => ({
        ...{ id: mintId('tag'), tenantId, connectionId, ...column },
        classes: [...(merged.get(key) ?? [])],
      }));
      await transaction.columnTag.createMany({ data });
      return presentTags({ tags: await transaction.columnTag.findMany({ where: { tenantId, connectionId } }) });
    });
  }

  /** Orders one agent to look. What it finds is listed with the suggestions. */
  async sample(tenantId: string, ref: string, wanted?: string): Promise<Sampling> {
    const { connectionId, database } = await this.#catalogs.open(tenantId, ref, wanted);
    const { name, sampling } = await this.#database.connection.findUniqueOrThrow({ where: { id: connectionId } });
    if (!sampling)
      throw new Problem(
        'conflict',
        `${name} does not allow agents to look at values: set \`sampling: true\` on it first`,
      );
    const payload = JSON.stringify({ tenantId, connection: name, database });
    await this.#notifications.send(sampleColumnsChannel, payload);
    return this.#sampling(connectionId, database);
  }

  async sampling(tenantId: string, ref: string, wanted?: string): Promise<Sampling> {
    const { connectionId, database } = await this.#catalogs.open(tenantId, ref, wanted);
    return this.#sampling(connectionId, database);
  }

  async #sampling(connectionId: string, database: string): Promise<Sampling> {
    const row = await this.#database.catalogSnapshot.findUnique({
      where: { connectionId_database: { connectionId, database } },
      select: { sampledAt: true, sampleProblem: true },
    });
    return { database, sampledAt: row?.sampledAt ?? null, problem: row?.sampleProblem ?? null };
  }

  async #all(
    tenantId: string,
    ref: string,
    database: string | undefined,
  ): Promise<{ readonly open: OpenCatalog; readonly suggestions: readonly Suggestion[] }> {
    const open = await this.#catalogs.open(tenantId, ref, database);
    const where = { tenantId, connectionId: open.connectionId, database: open.database };
    const findings = await this.#database.columnFinding.findMany({ where });
    return { open, suggestions: suggest(open.catalog, open.tags, findings) };
  }
}

const columnOf = ({ schema, table, column }: Pick<Suggestion, 'schema' | 'table' | 'column'>): string =>
  JSON.stringify([schema, table, column]);

const keyOf = ({
  schema,
  table,
  column,
  class: of,
}: Pick<Suggestion, 'schema' | 'table' | 'column' | 'class'>): string => JSON.stringify([schema, table, column, of]);
