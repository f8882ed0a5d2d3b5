import type { Facts, StatementFacts } from '@sallyport/sql';

/** What evidence and bookkeeping say of facts, made once per facts. */
export interface Outline {
  readonly kinds: readonly string[];
  /** `schema.table`, sorted. */
  readonly tables: readonly string[];
  /** The catalog may be another one afterwards. Opaque code may do that too. */
  readonly defines: boolean;
}

const outlines = new WeakMap<Facts, Outline>();
const mostNames = 1_000;

export const outlineOf = (facts: Facts): Outline => {
  const known = outlines.get(facts);
  if (known !== undefined) return known;
  const statements = facts.statements.flatMap(withInner);
  const effects = statements.flatMap((statement) => statement.effects);
  const actions = new Set(effects.map(({ action }) => action));
  const tables = new Set<string>();
  for (const { object } of effects)
    if (object.kind === 'table' || object.kind === 'column') tables.add(`${object.schema}.${object.table}`);
  const outline: Outline = {
    kinds: facts.statements.map(({ kind }) => kind).slice(0, mostNames),
    tables: [...tables].sort().slice(0, mostNames),
    defines: (['create', 'alter', 'drop', 'opaque'] as const).some((action) => actions.has(action)),
  };
  outlines.set(facts, outline);
  return outline;
};

/** Everything that a command does, sorted: where two are equal, the same is done to the same things. */
export const effectsOf = (facts: Facts): string => {
  const effects = facts.statements.flatMap(withInner).flatMap((statement) => statement.effects);
  return [...new Set(effects.map((effect) => JSON.stringify(effect)))].sort().join('\n');
};

const withInner = (statement: StatementFacts): readonly StatementFacts[] => {
  const { session } = statement;
  return session?.kind === 'declare' || session?.kind === 'prepare' ? [statement, session.facts] : [statement];
};
