import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Catalog } from '@sallyport/kernel';
import type { StatementFacts } from '@sallyport/sql';
import { loadAnalyses } from './analyses.js';
import { createStatementMemory } from './memory.js';
import type { Place } from './place.js';
import { createStatements, preparedIn } from './statements.js';
import type { Statements } from './statements.js';

const catalog: Catalog = {
  database: 'app',
  serverVersion: 180_004,
  searchPath: ['public'],
  functions: [],
  types: [],
  relations: [
    {
      oid: 20_000,
      schema: 'public',
      name: 'users',
      kind: 'table',
      columns: [
        { name: 'id', attribute: 1, type: 23 },
        { name: 'ssn', attribute: 2, type: 25 },
      ],
    },
  ],
};
const place = { catalog } as Place;
const path = ['public'];

let statements: Statements;
beforeAll(async () => {
  statements = createStatements(await loadAnalyses());
});

const factsOf = (text: string) => {
  const read = statements.read(text, place, path);
  if (read.kind === 'refused') throw new Error(read.refusal.message);
  return read.statement.facts;
};

/** What `EXECUTE p` is taken for after `text` has run. */
const executed = (text: string): StatementFacts | undefined => {
  const memory = createStatementMemory();
  memory.sent(1, factsOf(text), text);
  memory.settled(1, true);
  const { facts } = memory.resolve(factsOf('EXECUTE p'), (body) => preparedIn(statements.read(body, place, path)));
  return facts.statements[0];
};

describe('EXECUTE, as the real grammar reads it', () => {
  test.each([
    ['alone', 'PREPARE p AS DELETE FROM users RETURNING ssn'],
    ['behind a harmless statement', 'SELECT 1; PREPARE p AS DELETE FROM users RETURNING ssn'],
    ['before one', 'PREPARE p AS DELETE FROM users RETURNING ssn; SELECT 1'],
    ['behind characters of several bytes', "SELECT 'żółw 😀'; PREPARE p AS DELETE FROM users RETURNING ssn; SELECT 2"],
    ['behind another one', 'PREPARE q AS SELECT 1; PREPARE p AS DELETE FROM users RETURNING ssn'],
  ])('is what was prepared, %s', (_, text) => {
    const facts = executed(text);
    expect(facts?.unknown).toBeUndefined();
    expect(facts?.effects).toContainEqual({
      action: 'delete',
      object: { kind: 'table', schema: 'public', table: 'users' },
    });
    expect(facts?.answer).toMatchObject({
      kind: 'columns',
      columns: [{ name: 'ssn', lineage: { columns: [{ table: 'users', column: 'ssn' }] } }],
    });
  });
});

test('evidence never holds a password that a statement sets, read or not', () => {
  for (const text of [
    "create role x login password 's3cret'",
    "alter role x password 'SCRAM-SHA-256$4096:s3cret",
    "selekt password 's3cret'",
  ]) {
    const read = statements.read(text, place, path);
    expect(read.statement.shown).toContain('[password]');
    expect(read.statement.shown).not.toContain('s3cret');
  }
  const long = `select '${'x'.repeat(100_000)}'; alter role x password 's3cret'`;
  expect(statements.read(long, place, path).statement.shown).not.toContain('s3cret');
});
