/** A case of the corpus: a statement, and as much of its facts as it speaks of. */
export interface CorpusCase {
  readonly sql: string;
  /** The search path, where it differs from the catalog's. */
  readonly path?: readonly string[];
  /** One text per output: `table.column`s, `!` where the output is the column itself, `?` where more may flow in. */
  readonly outputs?: string | readonly string[];
  readonly names?: readonly string[];
  readonly filters?: string;
  readonly copies?: string;
  /** Effects, but for reading tables and columns. */
  readonly does?: readonly string[];
  /** Tables that are read. */
  readonly reads?: readonly string[];
  readonly unresolved?: readonly string[];
  readonly moves?: readonly string[];
  readonly kinds?: readonly string[];
  /** Of each statement: `counted`, or how its rows are told. */
  readonly writes?: readonly string[];
  /** Of each statement: `hides` or `plain`. */
  readonly hides?: readonly string[];
  readonly session?: Readonly<Record<string, unknown>>;
  /** It must be refused. Where this is not said, it must not be. */
  readonly unknown?: true;
  readonly unreadable?: true;
  readonly why?: string;
}

export interface CorpusFile {
  readonly about: string;
  readonly cases: readonly CorpusCase[];
}

const keys: Readonly<Record<keyof CorpusCase, (value: unknown) => boolean>> = {
  sql: (value) => typeof value === 'string',
  path: (value) => isTexts(value),
  outputs: (value) => typeof value === 'string' || isTexts(value),
  names: (value) => isTexts(value),
  filters: (value) => typeof value === 'string',
  copies: (value) => typeof value === 'string',
  does: (value) => isTexts(value),
  reads: (value) => isTexts(value),
  unresolved: (value) => isTexts(value),
  moves: (value) => isTexts(value),
  kinds: (value) => isTexts(value),
  writes: (value) => isTexts(value),
  hides: (value) => isTexts(value),
  session: (value) => typeof value === 'object',
  unknown: (value) => value === true,
  unreadable: (value) => value === true,
  why: (value) => typeof value === 'string',
};

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each: unknown) => typeof each === 'string');

/** A file of the corpus, as YAML gave it. A word that is not known would silently expect nothing. */
export function corpusFile(file: string, given: unknown): CorpusFile {
  const { about, cases } = given as CorpusFile;
  for (const each of cases)
    for (const [key, value] of Object.entries(each))
      if (!Object.hasOwn(keys, key) || !keys[key as keyof CorpusCase](value))
        throw new TypeError(`${file}: ${JSON.stringify(each.sql)} has a ${key} that is none`);
  return { about, cases };
}
