import type { ColumnObject, Lineage } from './facts.js';

export const noLineage: Lineage = { columns: [], complete: true };
export const unknownLineage: Lineage = { columns: [], complete: false };

const keyOf = ({ schema, table, column }: ColumnObject): string => `${schema}\0${table}\0${column}`;

/** Everything that flows in through any of them. */
export function joinLineage(parts: readonly Lineage[]): Lineage {
  const [first] = parts;
  if (first === undefined) return noLineage;
  if (parts.length === 1) return first;
  const columns = new Map<string, ColumnObject>();
  for (const part of parts) for (const column of part.columns) columns.set(keyOf(column), column);
  return { columns: [...columns.values()], complete: parts.every(({ complete }) => complete) };
}
