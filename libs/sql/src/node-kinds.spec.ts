import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseSync } from 'libpg-query';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { makeCatalog } from '../testing/catalog.js';
import type { WrittenCatalog } from '../testing/catalog.js';
import { corpusFile } from '../testing/corpus.js';
import { loadGrammar } from './analyzer.js';
import { indexCatalog } from './catalog-index.js';
import { budgetFor } from './collector.js';
import type { StatementFacts } from './facts.js';
import { isFields } from './node.js';
import { nodeKinds, roleOf } from './node-kinds.js';
import { renderNodes, renderStatements } from './reference.js';
import { createResolver } from './resolver.js';
import { innerStatements, plainStatements, readStatements } from './statement-kinds.js';
import { readStatement } from './statement.js';
import { unlistedNode } from './survey.js';
import { createViews } from './views.js';

beforeAll(() => loadGrammar());

const required = createRequire(import.meta.url);
/** What the parser writes into its trees, taken from the program itself. */
const written = new Set(
  [
    ...readFileSync(join(dirname(required.resolve('libpg-query')), 'libpg-query.wasm'), 'latin1').matchAll(
      /"([A-Z]\w*)":\{/g,
    ),
  ]
    .map(([, tag]) => tag ?? '')
    .filter((tag) => !tag.startsWith('PLpgSQL_')),
);
const listed = new Set([
  ...Object.keys(nodeKinds),
  ...Object.keys(plainStatements),
  ...Object.keys(readStatements),
  ...Object.keys(innerStatements),
]);

describe('the table of nodes', () => {
  test('has every node that the parser knows, and no other', () => {
    expect(written.size).toBeGreaterThan(250);
    expect([...written].filter((tag) => !listed.has(tag))).toEqual([]);
    expect([...listed].filter((tag) => !written.has(tag))).toEqual([]);
  });
  test('is on the pages whole', () => {
    const pages = renderNodes() + renderStatements();
    expect([...listed].filter((tag) => !pages.includes(`\`${tag}\``))).toEqual([]);
  });
});

const folder = join(import.meta.dirname, '../corpus');
const read = (file: string): unknown => parse(readFileSync(join(folder, file), 'utf8'));
const catalog = makeCatalog(read('catalog.yaml') as WrittenCatalog);
const index = indexCatalog(catalog);
const resolver = createResolver(
  index,
  catalog.searchPath,
  createViews(catalog, index, () => undefined),
);
const factsOf = (tree: unknown): StatementFacts =>
  readStatement(tree, { start: 0, length: undefined, text: '' }, resolver, budgetFor(10_000));

const texts = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml') && file !== 'catalog.yaml')
  .flatMap((file) => corpusFile(file, read(file)).cases.filter(({ unreadable }) => unreadable !== true))
  .map(({ sql }) => sql);
const treesOf = (text: string): readonly unknown[] =>
  text.trim() === ''
    ? []
    : ((parseSync(text) as { readonly stmts?: readonly { readonly stmt: unknown }[] }).stmts ?? []).map(
        ({ stmt }) => stmt,
      );

/** The tree with each of its nodes changed in turn; `change` gives nothing for a node that stays. */
function* changed(tree: unknown, change: (tag: string, fields: unknown) => unknown): Generator {
  if (Array.isArray(tree)) {
    for (const [at, each] of tree.entries()) for (const other of changed(each, change)) yield tree.with(at, other);
  } else if (isFields(tree))
    for (const [key, value] of Object.entries(tree)) {
      const other = /^[A-Z]/.test(key) ? change(key, value) : undefined;
      if (other !== undefined) yield other;
      for (const inner of changed(value, change)) yield { ...tree, [key]: inner };
    }
}

describe('a node that is unknown', () => {
  const never = [...listed].filter((tag) => roleOf(tag) === 'unknown' || innerStatements[tag] === 'unknown');

  test('is made by no text', () => {
    expect(texts.flatMap(treesOf).map(unlistedNode)).toEqual(texts.flatMap(treesOf).map(() => undefined));
  });

  test.each([...never, 'MadeByALaterVersion'])('%s makes its statement unknown, wherever it stands', (tag) => {
    fc.assert(
      fc.property(fc.constantFrom(...texts), (text) => {
        for (const tree of treesOf(text))
          for (const other of changed(tree, (_, fields) => ({ [tag]: fields }))) {
            if (factsOf(other).unknown === undefined) throw new Error(JSON.stringify(other));
          }
      }),
      { numRuns: 5 },
    );
  });
});

test('every statement stands in the corpus', () => {
  const tags = new Set(texts.flatMap(treesOf).flatMap((tree) => (isFields(tree) ? Object.keys(tree) : [])));
  const statements = [...Object.keys(plainStatements), ...Object.keys(readStatements)];
  expect(statements.filter((tag) => !tags.has(tag))).toEqual([]);
});

test('a call is seen wherever an expression stands', () => {
  const call = { FuncCall: { funcname: [{ String: { sval: 'nobodys_own' } }] } };
  const missed: string[] = [];
  for (const text of texts)
    for (const tree of treesOf(text))
      for (const other of changed(tree, (tag) => (roleOf(tag) === 'expression' ? call : undefined))) {
        const { effects, unknown } = factsOf(other);
        const seen = effects.some(
          ({ action, object }) => action === 'opaque' || (object.kind === 'function' && object.name === 'nobodys_own'),
        );
        if (!seen && unknown === undefined) missed.push(text);
      }
  expect(missed).toEqual([]);
});
