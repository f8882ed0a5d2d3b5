import type { Catalog, CatalogFunction, CatalogRelation, CatalogType } from './catalog.js';
import { emptyMap } from './persistent-map.js';
import type { PersistentMap } from './persistent-map.js';

/** A catalog by its names and numbers. Made once; that of the next catalog is made from it, in time of what changed. */
export interface CatalogIndex {
  /** By schema, NUL, name. */
  readonly relations: PersistentMap<string, CatalogRelation>;
  readonly byOid: PersistentMap<number, CatalogRelation>;
  /** Inheriting tables and partitions, by their parent's OID. */
  readonly children: PersistentMap<number, readonly CatalogRelation[]>;
  /** By OID. */
  readonly functions: PersistentMap<number, CatalogFunction>;
  /** By name alone. */
  readonly functionsNamed: PersistentMap<string, readonly CatalogFunction[]>;
  /** By OID. */
  readonly types: PersistentMap<number, CatalogType>;
  /** By name alone. */
  readonly typesNamed: PersistentMap<string, readonly CatalogType[]>;
  /** How many columns of relations, and of what functions give, have a name. */
  readonly fields: PersistentMap<string, number>;
}

/** What has numbers of its own in a catalog. */
export type CatalogEntries = Partial<Pick<Catalog, 'relations' | 'functions' | 'types'>>;

/** Two of one number, or two relations of one name: no server says so. */
export interface Doubled {
  readonly kind: keyof CatalogEntries;
  readonly entry: number;
  readonly field: 'oid' | 'name';
}

/** An index while it is made from another. What goes away is told before what comes. */
export interface CatalogIndexEdit {
  remove(entries: CatalogEntries): void;
  /** Nothing of it may be used once it says that something is there twice. */
  add(entries: CatalogEntries): Doubled | undefined;
  relation(oid: number): CatalogRelation | undefined;
  childrenOf(oid: number): readonly CatalogRelation[];
  done(): CatalogIndex;
}

export const relationKey = ({ schema, name }: Pick<CatalogRelation, 'schema' | 'name'>): string => `${schema}\0${name}`;

export const emptyIndex: CatalogIndex = {
  relations: emptyMap(),
  byOid: emptyMap(),
  children: emptyMap(),
  functions: emptyMap(),
  functionsNamed: emptyMap(),
  types: emptyMap(),
  typesNamed: emptyMap(),
  fields: emptyMap(),
};

export function editIndex(before: CatalogIndex): CatalogIndexEdit {
  const relations = before.relations.edit();
  const byOid = before.byOid.edit();
  const children = editLists(before.children);
  const functions = before.functions.edit();
  const functionsNamed = editLists(before.functionsNamed);
  const types = before.types.edit();
  const typesNamed = editLists(before.typesNamed);
  const fields = before.fields.edit();

  const count = (named: readonly { readonly name: string }[], by: 1 | -1): void => {
    for (const { name } of named) {
      const now = (fields.get(name) ?? 0) + by;
      if (now > 0) fields.set(name, now);
      else fields.delete(name);
    }
  };

  const addRelation = (relation: CatalogRelation): Doubled['field'] | undefined => {
    const key = relationKey(relation);
    if (byOid.get(relation.oid) !== undefined) return 'oid';
    if (relations.get(key) !== undefined) return 'name';
    relations.set(key, relation);
    byOid.set(relation.oid, relation);
    for (const parent of relation.parents ?? []) children.put(parent, relation);
    count(relation.columns, 1);
    return undefined;
  };

  return {
    remove(entries) {
      for (const relation of entries.relations ?? []) {
        relations.delete(relationKey(relation));
        byOid.delete(relation.oid);
        for (const parent of relation.parents ?? []) children.take(parent, relation);
        count(relation.columns, -1);
      }
      for (const each of entries.functions ?? []) {
        functions.delete(each.oid);
        functionsNamed.take(each.name, each);
        count(each.results ?? [], -1);
      }
      for (const type of entries.types ?? []) {
        types.delete(type.oid);
        typesNamed.take(type.name, type);
      }
    },
    add(entries) {
      for (const [entry, relation] of (entries.relations ?? []).entries()) {
        const field = addRelation(relation);
        if (field !== undefined) return { kind: 'relations', entry, field };
      }
      for (const [entry, each] of (entries.functions ?? []).entries()) {
        if (functions.get(each.oid) !== undefined) return { kind: 'functions', entry, field: 'oid' };
        functions.set(each.oid, each);
        functionsNamed.put(each.name, each);
        count(each.results ?? [], 1);
      }
      for (const [entry, type] of (entries.types ?? []).entries()) {
        if (types.get(type.oid) !== undefined) return { kind: 'types', entry, field: 'oid' };
        types.set(type.oid, type);
        typesNamed.put(type.name, type);
      }
      return undefined;
    },
    relation: (oid) => byOid.get(oid),
    childrenOf: (oid) => children.get(oid),
    done: () => ({
      relations: relations.done(),
      byOid: byOid.done(),
      children: children.done(),
      functions: functions.done(),
      functionsNamed: functionsNamed.done(),
      types: types.done(),
      typesNamed: typesNamed.done(),
      fields: fields.done(),
    }),
  };
}

/** Shorter lists are made anew at once; of longer ones what goes is taken away together, at the end. */
const longList = 16;

/** However many share a key, an edit copies its list once. */
const editLists = <K extends string | number, V>(map: PersistentMap<K, readonly V[]>) => {
  const edit = map.edit();
  const own = new Set<readonly V[]>();
  const going = new Map<K, Set<V>>();
  const without = (list: readonly V[], gone: (value: V) => boolean): readonly V[] => list.filter((each) => !gone(each));
  const keep = (key: K, list: readonly V[]): void => {
    if (list.length > 0) edit.set(key, list);
    else edit.delete(key);
  };
  const settle = (): void => {
    for (const [key, gone] of going)
      keep(
        key,
        without(edit.get(key) ?? [], (each) => gone.has(each)),
      );
    going.clear();
  };
  return {
    put(key: K, value: V): void {
      const known = edit.get(key);
      if (known !== undefined && own.has(known)) return void (known as V[]).push(value);
      const made = known === undefined ? [value] : [...known, value];
      own.add(made);
      edit.set(key, made);
    },
    take(key: K, value: V): void {
      const known = edit.get(key) ?? [];
      if (known.length <= longList)
        return keep(
          key,
          without(known, (each) => each === value),
        );
      const gone = going.get(key) ?? new Set();
      going.set(key, gone.add(value));
    },
    get(key: K): readonly V[] {
      settle();
      return edit.get(key) ?? [];
    },
    done(): PersistentMap<K, readonly V[]> {
      settle();
      return edit.done();
    },
  };
};

const indexes = new WeakMap<Catalog, CatalogIndex>();

/** The same for everybody who asks. Throws where something is there twice: who takes in a catalog looks for that. */
export function catalogIndexOf(catalog: Catalog): CatalogIndex {
  const known = indexes.get(catalog);
  if (known !== undefined) return known;
  const edit = editIndex(emptyIndex);
  const doubled = edit.add(catalog);
  if (doubled !== undefined) throw new TypeError(`a catalog has two ${doubled.kind} of one ${doubled.field}`);
  return indexed(catalog, edit.done());
}

/** Who made a catalog from another has made its index too. */
export const indexed = (catalog: Catalog, index: CatalogIndex): CatalogIndex => {
  indexes.set(catalog, index);
  return index;
};
