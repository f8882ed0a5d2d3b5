import { beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { makeCatalog } from '../testing/catalog.js';
import type { WrittenCatalog } from '../testing/catalog.js';
import { createAnalyzer, loadGrammar } from './analyzer.js';
import type { StatementFacts } from './facts.js';

beforeAll(() => loadGrammar());
const written = readFileSync(join(import.meta.dirname, '../corpus/catalog.yaml'), 'utf8');
const analyzer = createAnalyzer(makeCatalog(parse(written) as WrittenCatalog));

function factsOf(text: string): readonly StatementFacts[] {
  const analysis = analyzer.analyze(text, ['public']);
  if (analysis.kind === 'unreadable') throw new Error(analysis.message);
  return analysis.facts.statements;
}

const one = (text: string): StatementFacts => {
  const [facts] = factsOf(text);
  if (facts === undefined) throw new Error('no statement');
  return facts;
};
describe('what cannot be read', () => {
  test.each(['selec 1', 'select (', "select 'a", `select ${'('.repeat(50_000)}1`, 'select 1\0', 'select \ud800'])(
    'unreadable',
    (text) => {
      expect(analyzer.analyze(text, ['public']).kind).toBe('unreadable');
      expect(analyzer.analyze('select 1', ['public']).kind).toBe('facts');
    },
  );
});

test('names that SQL gives are followed, with the facts of what they stand for', () => {
  expect(one('prepare p as select ssn from users').session).toMatchObject({
    kind: 'prepare',
    name: 'p',
    facts: { kind: 'select' },
  });
  expect(factsOf('begin; commit').map(({ transaction }) => transaction)).toEqual(['begin', 'commit']);
  expect(factsOf('  ')).toEqual([]);
});
