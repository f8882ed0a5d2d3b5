import type { Catalog } from '@sallyport/kernel';
import { loadModule, parseSync } from 'libpg-query';
import { indexCatalog } from './catalog-index.js';
import { TooMuchWork, budgetFor } from './collector.js';
import type { Facts, OutputColumn, StatementFacts } from './facts.js';
import { abridge, abridging, areConstants } from './long-literals.js';
import { listOf, unwrap } from './node.js';
import { createResolver } from './resolver.js';
import { readStatement } from './statement.js';
import { unlistedNode } from './survey.js';
import { createTemplates } from './templates.js';
import type { Templates } from './templates.js';
import { createViews } from './views.js';

export type Analysis =
  | {
      readonly kind: 'facts';
      /** The very same for texts that differ only in literals which change none of them. */
      readonly facts: Facts;
      /** This text was not read: one like it was. */
      readonly alike: boolean;
    }
  /** `position`: in characters from 0, where the grammar knows it. */
  | { readonly kind: 'unreadable'; readonly message: string; readonly position: number | undefined };

/** Texts to facts against one catalog. Pure but for the grammar's own memory and what is kept of texts read before. */
export interface Analyzer {
  analyze(text: string, searchPath: readonly string[]): Analysis;
  /**
   * What flows into each column of a view, or of a table with generated columns, in the order of its attributes; `undefined` for
   * a relation whose columns are what they are.
   */
  columnsOf(relation: number): readonly OutputColumn[] | undefined;
}

/** Characters. A text beyond it is read without its long strings, or not at all: what is left of it must be short. */
export const longestText = abridging.above;
const tooLong = 'the text is too long';
/** Search paths that texts were read under. */
const mostPaths = 16;
/** Programs that send whole scripts in one text split them far below it, or send one by one. */
const mostStatements = 10_000;
/** Deeper trees are not walked: nobody writes them, and recursion has an end. */
const deepest = 400;

/** Operators and their like in one text: the grammar recurses along a chain of them, and its stack has an end. */
const longestChain = 3_000;
const links =
  /[-+*/<>=~!@#%^&|`?:[]|\b(?:and|or|not|is|isnull|notnull|union|intersect|except|join|collate|zone|like|ilike|in|between)\b/gi;
/** Literals and the commas between plain values chain nothing. */
const inert = /'(?:[^']|'')*'|[,(]\s*-\s*(?=\d)/g;
const chainOf = (text: string): number =>
  text.length < longestChain ? 0 : (text.replace(inert, ',').match(links)?.length ?? 0);

/** Once, before anything is analyzed: the grammar is WebAssembly. */
export const loadGrammar = (): Promise<void> => loadModule();

export function createAnalyzer(catalog: Catalog | undefined): Analyzer {
  const index = indexCatalog(catalog);
  const views = createViews(catalog, index, parseQuery);
  const shelves = new Map<string, Templates>();
  const templatesFor = (searchPath: readonly string[]): Templates => {
    const key = searchPath.join('\0');
    const known = shelves.get(key);
    if (known !== undefined) return known;
    const made = createTemplates();
    if (shelves.size >= mostPaths) shelves.clear();
    shelves.set(key, made);
    return made;
  };
  return {
    analyze: (sent, searchPath) => {
      const templates = templatesFor(searchPath);
      const known = templates.find(sent);
      if (known !== undefined) return { kind: 'facts', facts: known, alike: true };
      if (sent.includes('\0') || !sent.isWellFormed()) return unreadable('the text holds characters that are none');
      const abridged = sent.length > longestText ? abridge(sent, abridging) : undefined;
      if (sent.length > longestText && abridged === undefined) return unreadable(tooLong);
      const text = abridged?.text ?? sent;
      if (chainOf(text) > longestChain) return unreadable('the statement has too many operators');
      // The grammar takes no empty text; a server answers it with nothing.
      if (/^[ \t\n\r\f\v]*$/.test(text)) return nothingSaid;
      let statements: readonly unknown[];
      try {
        statements = listOf((parseSync(text) as { readonly stmts?: unknown }).stmts);
      } catch (error) {
        return problemOf(error);
      }
      if (statements.length > mostStatements)
        return unreadable(`the text holds more than ${mostStatements} statements: send them in several`);
      if (abridged !== undefined && !areConstants(statements, abridged)) return unreadable(tooLong);
      if (statements.some((statement) => depthOf(statement) > deepest))
        return unreadable('the statement is nested too deeply');
      const resolver = createResolver(index, searchPath, views);
      const budget = budgetFor(text.length);
      const read = (statement: unknown): StatementFacts => {
        const {
          stmt,
          stmt_location: start = 0,
          stmt_len: length,
        } = statement as { readonly stmt: unknown; readonly stmt_location?: number; readonly stmt_len?: number };
        return readStatement(stmt, { start, length, text }, resolver, budget);
      };
      try {
        const facts: Facts = { statements: statements.map(read) };
        const [only, other] = statements;
        if (other === undefined) templates.keep(text, (only as { readonly stmt?: unknown } | undefined)?.stmt, facts);
        return { kind: 'facts', facts, alike: false };
      } catch (error) {
        if (error instanceof TooMuchWork) return unreadable(error.message);
        throw error;
      }
    },
    columnsOf: (relation) => views.columns(relation),
  };
}

const nothingSaid: Analysis = { kind: 'facts', facts: { statements: [] }, alike: false };

const unreadable = (message: string, position?: number): Analysis => ({ kind: 'unreadable', message, position });

function problemOf(error: unknown): Analysis {
  const details = (error as { readonly sqlDetails?: { readonly message?: string; readonly cursorPosition?: number } })
    .sqlDetails;
  return unreadable(details?.message ?? 'the statement cannot be read', details?.cursorPosition);
}

/** The JSON has about four levels for one of the grammar's; deeper than this nobody asks. */
const deepestJson = deepest * 4 + 4;

const depthOf = (root: unknown): number => (typeof root === 'object' && root !== null ? levelsOf(root, 0) / 4 : 0);

function levelsOf(node: object, above: number): number {
  const here = above + 1;
  if (here > deepestJson) return here;
  let most = here;
  const see = (each: unknown): void => {
    // What is no node is one level, and most are none.
    const levels = typeof each === 'object' && each !== null ? levelsOf(each, here) : here + 1;
    if (levels > most) most = levels;
  };
  if (Array.isArray(node)) for (const each of node) see(each);
  else for (const key in node) see((node as Readonly<Record<string, unknown>>)[key]);
  return most;
}

/** The one query in a text, for the definitions of views. */
function parseQuery(text: string): unknown {
  try {
    const statements = listOf((parseSync(text) as { readonly stmts?: unknown }).stmts);
    const [only] = statements;
    const query = statements.length === 1 ? (only as { readonly stmt: unknown }).stmt : undefined;
    return unwrap(query)?.kind === 'SelectStmt' && depthOf(only) <= deepest && unlistedNode(query) === undefined
      ? query
      : undefined;
  } catch {
    return undefined;
  }
}
