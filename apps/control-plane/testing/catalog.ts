import { createHash } from 'node:crypto';
import type { Catalog } from '@sallyport/kernel';
import { encode, partedLists, partsOf } from '@sallyport/policy';
import { mintId } from '@sallyport/runtime';
import type { Database } from '../src/db/database.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A catalog as its agent reports it, in parts; nothing is checked, so that a test can lie. */
export interface WrittenCatalog {
  readonly content: Buffer<ArrayBuffer>;
  readonly parts: Buffer<ArrayBuffer>[];
  readonly digest: string;
}

export function writtenCatalog(catalog: object): WrittenCatalog {
  const parts = partsOf(catalog as Catalog).map((part) => Buffer.from(encode(part)));
  const head = Object.entries(catalog).filter(([field]) => !(partedLists as readonly string[]).includes(field));
  const content = Buffer.from(encode({ ...Object.fromEntries(head), parts: parts.map(sha256) }));
  return { content, parts, digest: sha256(content) };
}

/** As if an agent had reported it. */
export async function keepCatalog(database: Database, connectionName: string, catalog: Catalog): Promise<void> {
  const { content, parts, digest } = writtenCatalog(catalog);
  const { id: connectionId, tenantId } = await database.connection.findFirstOrThrow({
    where: { name: connectionName },
  });
  const place = { connectionId, database: catalog.database };
  const data = { tenantId, ...place, digest, content, readBy: 'a1' };
  const { id: snapshotId } = await database.catalogSnapshot.upsert({
    where: { connectionId_database: place },
    create: { ...data, id: mintId('cat'), version: 1 },
    update: { ...data, version: { increment: 1 } },
  });
  const rows = parts.map((part) => ({ tenantId, snapshotId, digest: sha256(part), content: part }));
  await database.catalogPart.deleteMany({ where: { snapshotId } });
  await database.catalogPart.createMany({ data: rows });
}
