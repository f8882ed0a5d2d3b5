import type { CatalogRelation, CatalogRowPolicy, CatalogRule } from '@sallyport/kernel';
import { listOf, numbersOf, rowsOf } from './unbelievable-catalog.js';

type Effects = Pick<CatalogRelation, 'owner' | 'triggers' | 'hasRules' | 'rules' | 'rowSecurity' | 'cascades'>;

type Tests = Pick<CatalogRelation, 'matched' | 'checks' | 'indexed' | 'partitionedBy'>;

const textsOf = (value: unknown): readonly string[] => listOf(value).map(String);

/** What a row that is written must fit. */
export function testsOf(row: Readonly<Record<string, unknown>>): Tests {
  return {
    ...(row['matched'] === null ? {} : { matched: numbersOf(row['matched']) }),
    ...(row['checks'] === null ? {} : { checks: textsOf(row['checks']) }),
    ...(row['indexed'] === null ? {} : { indexed: textsOf(row['indexed']) }),
    ...(row['partitioned_by'] === null ? {} : { partitionedBy: String(row['partitioned_by']) }),
  };
}

/** What runs or is checked at a relation beside what a statement says. */
export function effectsOf(row: Readonly<Record<string, unknown>>): Effects {
  const triggers = rowsOf(row['user_triggers']);
  const rules = rowsOf(row['rules']);
  const cascades = row['cascades'] === null ? undefined : numbersOf(row['cascades']);
  return {
    owner: String(row['owner']),
    ...(triggers === undefined
      ? {}
      : { triggers: triggers.map(([name, oid]) => ({ name: String(name), function: Number(oid) })) }),
    ...(rules === undefined ? {} : { hasRules: true, rules: rules.map(ruleOf) }),
    ...(row['row_security'] === true
      ? { rowSecurity: { forced: row['forced'] === true, policies: policiesOf(row['policies']) } }
      : {}),
    ...(cascades === undefined ? {} : { cascades: cascades.map(Number) }),
  };
}

const events: Readonly<Record<string, CatalogRule['event']>> = {
  '1': 'select',
  '2': 'update',
  '3': 'insert',
  '4': 'delete',
};

const ruleOf = ([name, event, definition]: readonly unknown[]): CatalogRule => ({
  name: String(name),
  event: events[String(event)] ?? 'select',
  definition: String(definition),
});

const commands: Readonly<Record<string, CatalogRowPolicy['command']>> = {
  '*': 'all',
  r: 'select',
  a: 'insert',
  w: 'update',
  d: 'delete',
};

const policiesOf = (value: unknown): readonly CatalogRowPolicy[] =>
  (rowsOf(value) ?? []).map(([name, command, using, check]) => ({
    name: String(name),
    command: commands[String(command)] ?? 'all',
    ...(using === null ? {} : { using: String(using) }),
    ...(check === null ? {} : { check: String(check) }),
  }));
