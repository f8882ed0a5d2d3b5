import { beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { makeCatalog } from '../testing/catalog.js';
import type { WrittenCatalog } from '../testing/catalog.js';
import { corpusFile } from '../testing/corpus.js';
import type { CorpusCase } from '../testing/corpus.js';
import { showEffects, showLineage, showMoved, showNames, showOutputs, showReads } from '../testing/show.js';
import { createAnalyzer, loadGrammar } from './analyzer.js';
import type { StatementFacts } from './facts.js';
import { joinLineage } from './lineage.js';

const folder = join(import.meta.dirname, '../corpus');
const read = (file: string): unknown => parse(readFileSync(join(folder, file), 'utf8'));
const catalog = makeCatalog(read('catalog.yaml') as WrittenCatalog);
/** Every class of statements, one file each. A bypass that was found once stays in its file for ever. */
const corpus = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml') && file !== 'catalog.yaml')
  .map((file) => ({ file, ...corpusFile(file, read(file)) }));

beforeAll(() => loadGrammar());
const analyzer = createAnalyzer(catalog);

/** As much of the facts as the case speaks of, in its words. */
const shown = (statements: readonly StatementFacts[], expected: CorpusCase): Partial<CorpusCase> => {
  const [first] = statements;
  const all = {
    outputs: first === undefined ? 'none' : showOutputs(first),
    names: first === undefined ? [] : showNames(first),
    filters: showLineage(joinLineage(statements.map(({ filters }) => filters))),
    copies: showLineage(joinLineage(statements.map(({ copies }) => copies))),
    does: showEffects(statements),
    reads: showReads(statements),
    unresolved: statements.flatMap(({ unresolved }) => unresolved),
    moves: statements.flatMap(({ moves }) => moves.map(showMoved)),
    kinds: statements.map(({ kind }) => kind),
    writes: statements.map(({ writes }) => writes ?? 'counted'),
    hides: statements.map(({ hides }) => (hides ? 'hides' : 'plain')),
  };
  return Object.fromEntries(Object.entries(all).filter(([key]) => Object.hasOwn(expected, key)));
};

describe.each(corpus)('$file: $about', ({ cases }) => {
  test.each(cases)('$sql', (given) => {
    const { sql, path, unknown, unreadable, session, why: _why, ...expected } = given;
    const analysis = analyzer.analyze(sql, path ?? catalog.searchPath);
    expect(analysis.kind).toBe(unreadable === true ? 'unreadable' : 'facts');
    if (analysis.kind === 'unreadable') return;
    const { statements } = analysis.facts;
    const reasons = statements.flatMap((statement) => statement.unknown ?? []);
    if (unknown === true) expect(reasons).not.toEqual([]);
    else expect(reasons).toEqual([]);
    expect(shown(statements, given)).toEqual(expected);
    if (session !== undefined) expect(statements[0]?.session).toMatchObject(session);
  });
});
