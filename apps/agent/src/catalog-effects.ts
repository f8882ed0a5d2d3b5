import type { CatalogRelation, CatalogRowPolicy, CatalogRule } from '@sallyport/kernel';
import { numbersOf, rowsOf } from './unbelievable-catalog.js';

type Effects = Pick<CatalogRelation, 'owner' | 'triggers' | 'hasRules' | 'rules' | 'rowSecurity' | 'cascades'>;

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
