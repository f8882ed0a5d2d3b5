import { catalogIndexOf, editIndex, emptyIndex, indexed } from '@sallyport/kernel';
import type { Catalog, CatalogIndexEdit, CatalogRelation } from '@sallyport/kernel';
import { generations, isEndless } from './catalog-problem.js';
import { partedLists } from './chunks.js';
import type { CatalogHead, CatalogPart, PartedList } from './chunks.js';
import type { Decoded } from './codec.js';
import { sameJson } from './same-json.js';

/** A catalog from its parts. It never changes; the next one shares with it what stayed the same. */
export interface JoinedCatalog {
  readonly head: CatalogHead;
  readonly catalog: Catalog;
  /** By digest, read. */
  readonly parts: ReadonlyMap<string, CatalogPart>;
}

export interface JoinInput {
  readonly head: CatalogHead;
  /** Asked for parts that `before` has not. */
  readonly part: (digest: string) => Decoded<CatalogPart>;
  /** The one that it replaces, if any: only what differs is work. */
  readonly before: JoinedCatalog | undefined;
}

/** Relations whose families are looked at in one go. */
const atOnce = 500;

/**
 * All of it, or why not. Yields between pieces of work, and gives nothing away before it is whole: two relations of one OID or one
 * name would let a value be masked by the tags of the other, wherever they stand.
 */
export function* joinCatalog({ head, part, before }: JoinInput): Generator<undefined, Decoded<JoinedCatalog>> {
  const base = before !== undefined && sharesMost(head, before) ? before : undefined;
  const wanted = new Set(head.parts);
  const gone = [...(base?.parts ?? [])].filter(([digest]) => !wanted.has(digest)).map(([, each]) => each);
  const former = entriesOf(gone);
  const parts = new Map<string, CatalogPart>();
  const came: CatalogPart[] = [];
  for (const digest of head.parts) {
    const known = base?.parts.get(digest);
    if (known !== undefined) {
      parts.set(digest, known);
      continue;
    }
    const decoded = part(digest);
    if (!decoded.ok) return { ok: false, problem: `part ${digest.slice(0, 8)}: ${decoded.problem}` };
    const read = former.size === 0 ? decoded.value : withFormer(decoded.value, former);
    parts.set(digest, read);
    came.push(read);
    yield;
  }
  const edit = editIndex(base === undefined ? emptyIndex : catalogIndexOf(base.catalog));
  const old = new Set<unknown>(gone.flatMap(listed));
  const young = new Set<unknown>(old.size === 0 ? [] : came.flatMap(listed));
  for (const each of gone) edit.remove(without(each, young));
  for (const each of came) {
    const doubled = edit.add(without(each, old));
    if (doubled !== undefined)
      return { ok: false, problem: `${doubled.kind}.${doubled.entry}.${doubled.field}: another one has it` };
    yield;
  }
  const relations = came.flatMap((each) => without(each, old).relations ?? []);
  const endless = yield* endlessFamily(relations, edit);
  if (endless !== undefined) return { ok: false, problem: `relations.${endless}.parents: go in a circle, or too deep` };
  const moved = new Set([...gone, ...came].flatMap((each) => partedLists.filter((kind) => each[kind] !== undefined)));
  const { parts: _digests, ...rest } = head;
  const lists = Object.fromEntries(
    partedLists.map((kind) => [
      kind,
      base === undefined || moved.has(kind)
        ? [...parts.values()].flatMap((each): readonly object[] => each[kind] ?? [])
        : base.catalog[kind],
    ]),
  ) as Pick<Catalog, PartedList>;
  const catalog: Catalog = { ...rest, ...lists };
  indexed(catalog, edit.done());
  return { ok: true, value: { head, catalog, parts } };
}

/** Otherwise it is less work to begin with nothing. */
const sharesMost = (head: CatalogHead, { parts }: JoinedCatalog): boolean =>
  head.parts.filter((digest) => parts.has(digest)).length * 2 > Math.max(parts.size, head.parts.length);

const numbered = ['relations', 'functions', 'types'] as const;

const listed = (part: CatalogPart): readonly object[] =>
  numbered.flatMap((kind): readonly object[] => part[kind] ?? []);

const entriesOf = (parts: readonly CatalogPart[]): ReadonlyMap<string, object> =>
  new Map(
    parts.flatMap((part) =>
      numbered.flatMap((kind) => (part[kind] ?? []).map((each) => [`${kind} ${each.oid}`, each])),
    ),
  );

/** Entries that are what they were stay the very same objects. */
function withFormer(part: CatalogPart, former: ReadonlyMap<string, object>): CatalogPart {
  const kept = numbered.flatMap((kind) => {
    const list = part[kind];
    if (list === undefined) return [];
    const entries = list.map((entry) => {
      const known = former.get(`${kind} ${entry.oid}`);
      return known !== undefined && sameJson(known, entry) ? known : entry;
    });
    return [[kind, entries]];
  });
  return { ...part, ...(Object.fromEntries(kept) as CatalogPart) };
}

function without(part: CatalogPart, others: ReadonlySet<unknown>): CatalogPart {
  if (others.size === 0) return part;
  const left = numbered.flatMap((kind) => {
    const list: readonly object[] | undefined = part[kind];
    return list === undefined ? [] : [[kind, list.filter((each) => !others.has(each))]];
  });
  return Object.fromEntries(left) as CatalogPart;
}

/** Where the first relation is whose family has no end. A circle that is new goes through a relation that is new. */
function* endlessFamily(
  relations: readonly CatalogRelation[],
  edit: CatalogIndexEdit,
): Generator<undefined, number | undefined> {
  const above = generations((oid) => edit.relation(oid)?.parents ?? []);
  const below = generations((oid) => edit.childrenOf(oid).map((child) => child.oid));
  for (const [index, { oid, parents }] of relations.entries()) {
    if (index % atOnce === atOnce - 1) yield;
    if (parents === undefined && edit.childrenOf(oid).length === 0) continue;
    const up = above(oid);
    if (up === Infinity || isEndless(up, below(oid))) return index;
  }
  return undefined;
}
