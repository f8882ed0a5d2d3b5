import { Inject, Injectable } from '@nestjs/common';
import { maskFormats } from '@sallyport/policy';
import { z } from 'zod';
import { mintId } from '@sallyport/runtime';
import { ConfigurationChanges } from '../configuration/changes.js';
import { Database } from '../db/database.js';
import type { DataClass } from '../db/generated/client.js';
import { alreadyThere, nameForPut } from '../http/noun.js';
import { nounPage, toPage } from '../http/page.js';
import type { Page, PageQuery } from '../http/page.js';
import { notFound } from '../http/problem.js';
import { byReference, name } from '../http/text.js';

export const classFields = z.strictObject({
  mask: z.enum(maskFormats).describe('What a reader sees who may not reveal it.'),
});
export type ClassFields = z.infer<typeof classFields>;
export const newClass = z.strictObject({ name, ...classFields.shape });

export const classView = z
  .object({ id: z.string(), name: z.string(), mask: z.string().describe('What a reader sees who may not reveal it.') })
  .meta({ id: 'Class' });
export type ClassView = z.input<typeof classView>;

const present = (row: DataClass): ClassView => ({ id: row.id, name: row.name, mask: row.mask });

@Injectable()
export class ClassesService {
  readonly #database: Database;
  readonly #changes: ConfigurationChanges;

  constructor(@Inject(Database) database: Database, @Inject(ConfigurationChanges) changes: ConfigurationChanges) {
    this.#database = database;
    this.#changes = changes;
  }

  async list(tenantId: string, query: PageQuery): Promise<Page<ClassView>> {
    const rows = await this.#database.dataClass.findMany(nounPage(tenantId, query));
    return toPage(rows, query.limit, (row) => [row.id], present);
  }

  async get(tenantId: string, ref: string): Promise<ClassView> {
    const row = await this.#database.dataClass.findFirst({ where: byReference(tenantId, ref) });
    if (row === null) throw notFound('class');
    return present(row);
  }

  async create(tenantId: string, { name, mask }: z.infer<typeof newClass>): Promise<ClassView> {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      if ((await transaction.dataClass.findFirst({ where: { tenantId, name } })) !== null)
        throw alreadyThere('class', name);
      return present(await transaction.dataClass.create({ data: { id: mintId('cls'), tenantId, name, mask } }));
    });
  }

  async put(tenantId: string, ref: string, { mask }: ClassFields) {
    return this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const row = await transaction.dataClass.findFirst({ where: byReference(tenantId, ref) });
      const name = nameForPut('class', ref, row);
      const saved = await transaction.dataClass.upsert({
        where: { tenantId_name: { tenantId, name } },
        create: { id: mintId('cls'), tenantId, name, mask },
        update: { mask },
      });
      return { created: row === null, item: present(saved) };
    });
  }

  /** Columns that carry the class stay tagged: without a format of its own a class is redacted. */
  async remove(tenantId: string, ref: string): Promise<void> {
    await this.#database.$transaction(async (transaction) => {
      await this.#changes.changed(tenantId, transaction);
      const done = await transaction.dataClass.deleteMany({ where: byReference(tenantId, ref) });
      if (done.count === 0) throw notFound('class');
    });
  }
}
