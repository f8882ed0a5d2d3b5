/** One field that would change; `from` is absent for a new noun. */
export interface Change {
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** Fields of `wanted` that differ from `present`; what is not wanted is left as it is. Lists of texts are sets. */
export function differenceOf(
  wanted: Readonly<Record<string, unknown>>,
  present: Readonly<Record<string, unknown>>,
): readonly Change[] {
  return Object.entries(wanted)
    .filter(([field, value]) => normal(value) !== normal(present[field]))
    .map(([field, value]) => ({ field, from: present[field], to: value }));
}

function normal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(normal).sort().join(',')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => `${JSON.stringify(key)}:${normal(inner)}`)
      .join(',')}}`;
  return JSON.stringify(value ?? null);
}
