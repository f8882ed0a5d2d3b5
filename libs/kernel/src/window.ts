/** Units in which policies write the window of a budget, the longest first, milliseconds. */
export const windowUnits = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const;

/** A window as policies write it: `1h`, `90s`. */
export const spellWindow = (milliseconds: number): string => {
  for (const [unit, length] of Object.entries(windowUnits))
    if (milliseconds % length === 0) return `${milliseconds / length}${unit}`;
  return `${milliseconds / windowUnits.s}s`;
};
