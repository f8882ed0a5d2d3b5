import type { AnswerColumn } from '@sallyport/kernel';
import type { OutputColumn } from '@sallyport/sql';
import type { Place } from './place.js';

export interface Agreement {
  readonly place: Pick<Place, 'locate' | 'type'>;
  /** What flows into the columns of a relation that are made, by its OID. */
  readonly made: (relation: number) => readonly OutputColumn[] | undefined;
}

/**
 * Whether what the target says of a column may be said of the output that was proved in its place: its name, where it comes
 * from, and its type. The catalog may be older than the table, or the target may lie; a mask would stand on the wrong column
 * then. Where the catalog does not hold what the target names, nothing is said: that is masked whole.
 */
export const agreement =
  ({ name, lineage, verbatim }: OutputColumn, { place, made }: Agreement) =>
  ({ name: told, origin, type }: AnswerColumn): boolean => {
    const located = origin && place.locate(origin.relation, origin.attribute);
    // The name of an expression is a matter of the server's version.
    if (told !== name && (verbatim || located !== undefined)) return false;
    if (origin === undefined || located === undefined || !lineage.complete) return true;
    const { relation, column } = located;
    const parts = made(origin.relation)?.[relation.columns.indexOf(column)]?.lineage.columns ?? [
      { schema: relation.schema, table: relation.name, column: column.name },
    ];
    const has = (part: (typeof parts)[number]): boolean =>
      lineage.columns.some(
        (each) => each.column === part.column && each.table === part.table && each.schema === part.schema,
      );
    return parts.every(has) && baseOf(column.type, place) === type;
  };

const deepestDomain = 32;

/** Of a domain the target tells the type below it. */
const baseOf = (oid: number, place: Agreement['place'], depth = 0): number => {
  const known = place.type(oid);
  if (known?.kind !== 'domain' || known.of === undefined || depth >= deepestDomain) return oid;
  return baseOf(known.of, place, depth + 1);
};
