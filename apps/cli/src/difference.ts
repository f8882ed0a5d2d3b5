export type Fields = Readonly<Record<string, unknown>>;

/** One field that would change; `from` is absent for a new noun. */
export interface Change {
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Are they the same wish? The order of keys and of lists does not matter, and `null` is as good as absent. */
export const sameValue = (one: unknown, other: unknown): boolean => normal(one) === normal(other);

/** Fields of `wanted` that `present` does not have so; what is not wanted is left as it is. */
export function differenceOf(
  wanted: Fields,
  present: Fields,
  settled: (field: string, wanted: unknown, present: Fields) => boolean = (field, value) =>
    sameValue(value, present[field]),
): readonly Change[] {
  return Object.entries(wanted)
    .filter(([field, value]) => !settled(field, value, present))
    .map(([field, value]) => ({ field, from: present[field], to: value }));
}

function normal(value: unknown): string {
  if (Array.isArray(value)) return `[${[...new Set(value.map(normal))].sort().join(',')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => `${JSON.stringify(key)}:${normal(inner)}`)
      .join(',')}}`;
  return JSON.stringify(value ?? null);
}
