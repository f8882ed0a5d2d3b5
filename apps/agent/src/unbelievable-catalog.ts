/** The target was read, and says what no server says, or more than anybody could hold. Its own words are not repeated. */
export class UnbelievableCatalog extends Error {
  constructor(why: string) {
    super(`the catalog is not believed: ${why}`);
  }
}

export const listOf = (value: unknown): readonly unknown[] => {
  if (!Array.isArray(value)) throw new UnbelievableCatalog('there is no list where one was asked for');
  return value as readonly unknown[];
};

export const numbersOf = (value: unknown): readonly number[] => listOf(value).map(Number);

/** `null` where the server has none. */
export const rowsOf = (value: unknown): readonly (readonly unknown[])[] | undefined =>
  value === null ? undefined : listOf(value).map(listOf);
