import type { CatalogRelation, CopyOptions } from '@sallyport/kernel';
import type { Facts, StatementFacts } from '@sallyport/sql';
import type { Place } from './place.js';

/**
 * How the `nth` COPY of a text from the client is written, as far as each row that comes is one that stays: then it can be
 * counted before the target has done so. A trigger or a rule may have it otherwise, and so may a table that nobody knows.
 */
export const intakeOf = (facts: Facts, place: Place, nth: number): CopyOptions | undefined => {
  const statement = facts.statements.filter(({ copy }) => copy === 'from_client')[nth];
  if (statement?.copyOptions === undefined) return undefined;
  return tablesOf(statement).every(({ schema, table }) => isPlain(place.named(schema, table), place))
    ? statement.copyOptions
    : undefined;
};

const tablesOf = ({ effects }: StatementFacts): readonly { readonly schema: string; readonly table: string }[] =>
  effects.flatMap(({ action, object }) => (action === 'insert' && object.kind === 'table' ? [object] : []));

const isPlain = (relation: CatalogRelation | undefined, place: Place): boolean => {
  if (relation?.kind !== 'table' && relation?.kind !== 'partitioned') return false;
  const { triggers = [], rules = [], oid } = relation;
  return triggers.length === 0 && rules.length === 0 && place.children(oid).every((child) => isPlain(child, place));
};
