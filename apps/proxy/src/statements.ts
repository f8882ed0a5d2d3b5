import { hash } from 'node:crypto';
import { clip } from '@sallyport/audit';
import { refuse } from '@sallyport/kernel';
import type { Catalog, Parameter, Refusal } from '@sallyport/kernel';
import { upToPassword, withoutPasswords } from '@sallyport/sql';
import type { Facts, OutputColumn, StatementFacts } from '@sallyport/sql';
import { detectorsFor } from './mask.js';
import type { Place } from './place.js';

/** One text, read once: what decisions, masks and evidence need of it. */
export interface Statement {
  readonly text: string;
  readonly facts: Facts;
  /** Detectors applied: what evidence and approvers see. */
  readonly shown: string;
  /** SHA-256 of the text alone, hex. */
  readonly digest: string;
}

export type Read =
  | { readonly kind: 'read'; readonly statement: Statement }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly statement: Statement };

/** Texts to facts, remembered by the exact text, the place and the search path. */
export interface Statements {
  read(text: string, place: Place, searchPath: readonly string[]): Read;
  /** What flows into each column of a view or of a table with generated ones, by its attributes. */
  columnsOf(place: Place, relation: number): readonly OutputColumn[] | undefined;
}

export type Analysis =
  | { readonly kind: 'facts'; readonly facts: Facts; readonly alike: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Texts against one catalog. */
export interface Analyser {
  analyse(text: string, searchPath: readonly string[]): Analysis;
  columnsOf(relation: number): readonly OutputColumn[] | undefined;
}

/** The grammar, and what it makes of a catalog. `undefined`: no catalog is known, so no name resolves. */
export interface Analyses {
  of(catalog: Catalog | undefined): Analyser;
}

interface Shelf {
  readonly analyser: Analyser;
  /** By search path, then by the exact text. The oldest goes first. */
  readonly texts: Map<string, Map<string, Read>>;
  readonly made: Map<number, readonly OutputColumn[] | undefined>;
}

const mostTexts = 2_000;
const mostPaths = 16;
/** Longer texts are rare, and would fill the shelf by themselves. */
const longestKept = 16 * 1024;

export const createStatements = (analyses: Analyses): Statements => {
  const shelves = new WeakMap<Place, Shelf>();
  const shelfOf = (place: Place): Shelf => {
    const known = shelves.get(place);
    if (known !== undefined) return known;
    const shelf: Shelf = { analyser: analyses.of(place.catalog), texts: new Map(), made: new Map() };
    shelves.set(place, shelf);
    return shelf;
  };

  return {
    read(text, place, searchPath) {
      const shelf = shelfOf(place);
      const path = searchPath.join('\u0000');
      const texts = shelf.texts.get(path) ?? new Map<string, Read>();
      const known = texts.get(text);
      if (known !== undefined) return known;
      const read = readText(text, shelf.analyser, searchPath);
      // One of many that differ in a literal: it is read fast, and may never come again.
      if (read.alike || text.length > longestKept) return read;
      if (!shelf.texts.has(path)) makeRoom(shelf.texts, mostPaths);
      makeRoom(texts, mostTexts);
      shelf.texts.set(path, texts.set(text, read));
      return read;
    },
    columnsOf(place, relation) {
      const { made, analyser } = shelfOf(place);
      if (!made.has(relation)) made.set(relation, analyser.columnsOf(relation));
      return made.get(relation);
    },
  };
};

/** `alike`: it was not read, one like it was. */
export const readText = (
  text: string,
  analyser: Analyser,
  searchPath: readonly string[],
): Read & { readonly alike: boolean } => {
  let analysis: Analysis;
  try {
    analysis = analyser.analyse(text, searchPath);
  } catch {
    // Whatever the grammar stumbles over is not run.
    analysis = { kind: 'refused', refusal: refuse('unreadable', 'the statement cannot be read') };
  }
  const unread = statementOf(text, shownText(text));
  return analysis.kind === 'refused'
    ? { ...analysis, statement: unread, alike: false }
    : { kind: 'read', statement: { ...unread, facts: analysis.facts }, alike: analysis.alike };
};

const makeRoom = (kept: Map<string, unknown>, most: number): void => {
  if (kept.size < most) return;
  const [oldest] = kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
};

/** What the one statement of a text prepares, where that is what it does. */
export const preparedIn = (read: Read): StatementFacts | undefined => {
  const [only, other] = read.kind === 'read' ? read.statement.facts.statements : [];
  return only?.session?.kind === 'prepare' && other === undefined ? only.session.facts : undefined;
};

const nothing: Facts = { statements: [] };

const longText = 64 * 1024;
const longWithPassword = 4 * 1024;
const password = /password/i;

/** What takes grammar or scanner tens of milliseconds, others would wait for. */
export const isLong = (text: string): boolean =>
  text.length > longText || (text.length > longWithPassword && password.test(text));

/** What can be said of a text that nobody read; of a long one, what stands before a password. */
export const unreadStatement = (text: string): Statement =>
  statementOf(text, isLong(text) ? upToPassword(text) : shownText(text));

const statementOf = (text: string, shown: string): Statement => ({
  text,
  facts: nothing,
  shown: clip(detectors.scrubText(clip(shown))),
  digest: hash('sha256', text, 'hex'),
});

const detectors = detectorsFor();

const shownText = (text: string): string => withoutPasswords(text) ?? upToPassword(text);

/** SHA-256 of the exact text and parameters, hex. */
export const digestOf = (statement: Statement, parameters: readonly Parameter[]): string => {
  if (parameters.length === 0) return statement.digest;
  const heads = parameters.map(
    ({ type, format, value, length }) =>
      `${type} ${format} ${value === null ? 'null' : length === undefined ? value.length : `sha256 of ${length}`}\n`,
  );
  let size = 0;
  for (const [index, { value }] of parameters.entries()) size += (heads[index]?.length ?? 0) + (value?.length ?? 0);
  const first = `${statement.digest}\n${parameters.length}\n`;
  const bytes = Buffer.allocUnsafe(first.length + size);
  let at = bytes.write(first, 0, 'latin1');
  for (const [index, { value }] of parameters.entries()) {
    at += bytes.write(heads[index] ?? '', at, 'latin1');
    if (value === null) continue;
    bytes.set(value, at);
    at += value.length;
  }
  return hash('sha256', bytes, 'hex');
};
