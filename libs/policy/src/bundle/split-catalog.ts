import { encodeUtf8 } from '@sallyport/kernel';
import type { Catalog } from '@sallyport/kernel';
import { canonicalJson } from './canonical.js';
import { mostEntries, mostParts } from './catalog-shape.js';
import { partedLists } from './chunks.js';
import type { CatalogHead, CatalogPart, PartedList } from './chunks.js';
import { faultOf, largestCatalog, largestPart } from './codec.js';
import type { Decoded } from './codec.js';
import { joinCatalog } from './join-catalog.js';

export interface EncodedCatalog {
  readonly digest: string;
  readonly head: Uint8Array;
  /** By digest. */
  readonly parts: ReadonlyMap<string, Uint8Array>;
}

/** How many entries stand together, more or less: few, so that a definition changes little; enough, so that the list is short. */
const usual: Readonly<Record<PartedList, number>> = {
  relations: 32,
  functions: 128,
  types: 128,
  operators: 256,
  casts: 256,
};
/** Bytes; entries that say much stand with fewer others. */
const comfortable = 256 * 1024;

/**
 * A part ends after an entry whose number, well mixed, says so. Whoever comes, goes or changes moves no other entry into
 * another part, so that all but one or two parts stay what they were.
 */
export function partsOf(catalog: Pick<Catalog, PartedList>): readonly CatalogPart[] {
  const parts: CatalogPart[] = [];
  for (const kind of partedLists) {
    let open: CatalogEntry[] = [];
    const close = (): void => {
      if (open.length > 0) parts.push({ [kind]: open });
      open = [];
    };
    const all: readonly CatalogEntry[] = catalog[kind] ?? [];
    for (const entry of [...all].sort((one, other) => markOf(one) - markOf(other))) {
      open.push(entry);
      if (mixed(markOf(entry)) % usual[kind] === 0 || open.length >= Math.min(usual[kind] * 8, mostEntries)) close();
    }
    close();
  }
  return parts;
}

type CatalogEntry = NonNullable<Catalog[PartedList]>[number];

/** Operators and casts have no number here: they go by what they run. */
const markOf = (entry: CatalogEntry): number => {
  if ('oid' in entry) return entry.oid;
  return 'function' in entry ? (entry.function ?? 0) : 'source' in entry ? entry.source : 0;
};

const mixed = (value: number): number => {
  let mix = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  mix = Math.imul(mix ^ (mix >>> 16), 0x45d9f3b);
  return (mix ^ (mix >>> 16)) >>> 0;
};

/**
 * As it is stored and sent. Yields between pieces of work, so that who encodes a large one can do other things meanwhile. What
 * no server could have, or nobody could hold, is a problem.
 */
export function* encodeCatalog(
  catalog: Catalog,
  sha256: (bytes: Uint8Array) => string,
): Generator<undefined, Decoded<EncodedCatalog>> {
  const parts = new Map<string, Uint8Array>();
  const read = new Map<string, CatalogPart>();
  const waiting = [...partsOf(catalog)].reverse();
  let total = 0;
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const fault = faultOf('catalog_part', part);
    if (fault !== undefined) return { ok: false, problem: fault };
    const canonical = canonicalJson(part);
    if (!canonical.ok) return canonical;
    const bytes = encodeUtf8(canonical.text);
    const halves = bytes.length > comfortable ? halved(part) : [];
    if (halves.length > 0) {
      waiting.push(...halves);
      continue;
    }
    if (bytes.length > largestPart) return { ok: false, problem: `an entry is larger than ${largestPart >> 20} MiB` };
    total += bytes.length;
    if (total > largestCatalog) return { ok: false, problem: `it is larger than ${largestCatalog >> 20} MiB` };
    const digest = sha256(bytes);
    parts.set(digest, bytes);
    read.set(digest, part);
    yield;
  }
  if (parts.size > mostParts) return { ok: false, problem: `it has more than ${mostParts} parts` };
  const {
    relations: _relations,
    functions: _functions,
    types: _types,
    operators: _operators,
    casts: _casts,
    ...rest
  } = catalog;
  const head: CatalogHead = { ...rest, parts: [...parts.keys()] };
  const fault = faultOf('catalog', head);
  if (fault !== undefined) return { ok: false, problem: fault };
  const canonical = canonicalJson(head);
  if (!canonical.ok) return canonical;
  const joined = yield* joinCatalog({ head, part: (digest) => found(read.get(digest)), before: undefined });
  if (!joined.ok) return joined;
  const bytes = encodeUtf8(canonical.text);
  return { ok: true, value: { digest: sha256(bytes), head: bytes, parts } };
}

const found = (part: CatalogPart | undefined): Decoded<CatalogPart> =>
  part === undefined ? { ok: false, problem: 'it is not there' } : { ok: true, value: part };

/** Last half first; nothing of what cannot be halved. */
function halved(part: CatalogPart): readonly CatalogPart[] {
  for (const kind of partedLists) {
    const list = part[kind] ?? [];
    if (list.length < 2) continue;
    const middle = list.length >> 1;
    return [{ [kind]: list.slice(middle) }, { [kind]: list.slice(0, middle) }];
  }
  return [];
}
