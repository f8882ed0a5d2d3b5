import type { ColumnObject, Lineage } from './facts.js';

export const noLineage: Lineage = { columns: [], complete: true };
export const unknownLineage: Lineage = { columns: [], complete: false };

const keyOf = ({ schema, table, column }: ColumnObject): string => `${schema}\0${table}\0${column}`;

/** Everything that flows in through any of them. */
export function joinLineage(parts: readonly Lineage[]): Lineage {
  let only: Lineage = noLineage;
  let several = false;
  let complete = true;
  for (const part of parts) {
    complete &&= part.complete;
    if (part.columns.length === 0 || part === only) continue;
    several ||= only !== noLineage;
    only = part;
  }
  if (!several) return only.complete === complete ? only : incomplete(only);
  return { columns: together(parts), complete };
}

/** Each column once. Most are a handful, and comparing them costs less than spelling their names. */
function together(parts: readonly Lineage[]): readonly ColumnObject[] {
  let total = 0;
  for (const { columns } of parts) total += columns.length;
  if (total > few) {
    const byName = new Map<string, ColumnObject>();
    for (const part of parts) for (const column of part.columns) byName.set(keyOf(column), column);
    return [...byName.values()];
  }
  const found: ColumnObject[] = [];
  for (const part of parts)
    for (const column of part.columns) if (!found.some((other) => isSame(other, column))) found.push(column);
  return found;
}

const few = 16;

const isSame = (one: ColumnObject, other: ColumnObject): boolean =>
  one === other || (one.column === other.column && one.table === other.table && one.schema === other.schema);

const incomplete = ({ columns }: Lineage): Lineage =>
  columns.length === 0 ? unknownLineage : { columns, complete: false };
