import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Catalog } from '@sallyport/kernel';
import { decodeChunk, joinCatalog } from '@sallyport/policy';
import type { CatalogHead, CatalogPart, Decoded, JoinedCatalog } from '@sallyport/policy';
import { inSlices } from '@sallyport/runtime';
import { Database } from '../db/database.js';

/** Where the parts of a catalog are kept. */
export interface SnapshotPlace {
  readonly tenantId: string;
  /** `undefined`: nothing was kept of it yet. */
  readonly snapshotId: string | undefined;
}

export type Joining =
  | { readonly kind: 'joined'; readonly joined: JoinedCatalog }
  | { readonly kind: 'problem'; readonly problem: string }
  /** Parts that it names are neither in the database nor among those that came. */
  | { readonly kind: 'lacking' };

/** Catalogs are large, and the same ones are asked for again and again: page by page, definition by definition. */
const mostKept = 4;

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Catalogs put together from their parts, in slices: other requests go on meanwhile. */
@Injectable()
export class CatalogContents {
  readonly #database: Database;
  /** By snapshot, the one that was used last at the end. */
  readonly #kept = new Map<string, { readonly digest: string; readonly joined: JoinedCatalog }>();

  constructor(@Inject(Database) database: Database) {
    this.#database = database;
  }

  /** It was checked when it came. `undefined`: another one came in between. */
  async of(tenantId: string, snapshotId: string, digest: string): Promise<Catalog | undefined> {
    const known = this.#kept.get(snapshotId);
    if (known?.digest === digest) {
      this.keep(snapshotId, digest, known.joined);
      return known.joined.catalog;
    }
    const found = await this.#database.catalogSnapshot.findFirst({
      where: { id: snapshotId, digest, tenantId },
      select: { content: true },
    });
    const head = found === null ? undefined : decodeChunk('catalog', found.content);
    if (head?.ok !== true) return undefined;
    const joining = await this.join({ tenantId, snapshotId }, head.value, new Map());
    if (joining.kind !== 'joined') return undefined;
    this.keep(snapshotId, digest, joining.joined);
    return joining.joined.catalog;
  }

  /** What came is by digest. */
  async join(place: SnapshotPlace, head: CatalogHead, came: ReadonlyMap<string, Uint8Array>): Promise<Joining> {
    const { tenantId, snapshotId } = place;
    const before = this.#kept.get(snapshotId ?? '')?.joined;
    const wanted = head.parts.filter((digest) => before?.parts.has(digest) !== true && !came.has(digest));
    const rows =
      wanted.length === 0 || snapshotId === undefined
        ? []
        : await this.#database.catalogPart.findMany({
            where: { tenantId, snapshotId, digest: { in: wanted } },
            select: { digest: true, content: true },
          });
    const stored = new Map(rows.map(({ digest, content }) => [digest, content]));
    if (wanted.some((digest) => !stored.has(digest))) return { kind: 'lacking' };
    const part = (digest: string): Decoded<CatalogPart> =>
      // Most were kept by an earlier catalog, also where that one shares too little with this to begin with it.
      known(before, digest) ?? decodeChunk('catalog_part', came.get(digest) ?? stored.get(digest) ?? new Uint8Array());
    const joined = await inSlices(joinCatalog({ head, part, before }));
    return joined.ok ? { kind: 'joined', joined: joined.value } : { kind: 'problem', problem: joined.problem };
  }

  keep(snapshotId: string, digest: string, joined: JoinedCatalog): void {
    this.#kept.delete(snapshotId);
    this.#kept.set(snapshotId, { digest, joined });
    for (const oldest of [...this.#kept.keys()].slice(0, -mostKept)) this.#kept.delete(oldest);
  }
}

const known = (before: JoinedCatalog | undefined, digest: string): Decoded<CatalogPart> | undefined => {
  const part = before?.parts.get(digest);
  return part === undefined ? undefined : { ok: true, value: part };
};
