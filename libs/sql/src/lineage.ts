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
  const columns = new Map<string, ColumnObject>();
  for (const part of parts) for (const column of part.columns) columns.set(keyOf(column), column);
  return { columns: [...columns.values()], complete };
}

const incomplete = ({ columns }: Lineage): Lineage =>
  columns.length === 0 ? unknownLineage : { columns, complete: false };
