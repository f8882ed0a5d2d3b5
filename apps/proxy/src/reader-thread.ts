import { parentPort } from 'node:worker_threads';
import type { Catalog, Refusal } from '@sallyport/kernel';
import { loadAnalyses } from './analyses.js';
import { readText } from './statements.js';
import type { Analyser, Statement } from './statements.js';

/** A catalog comes in pieces, each small enough to be copied without anybody noticing. */
export type ToReader =
  | { readonly kind: 'field'; readonly catalog: number; readonly name: string; readonly value: unknown }
  | { readonly kind: 'items'; readonly catalog: number; readonly name: string; readonly items: readonly unknown[] }
  | { readonly kind: 'forget'; readonly catalog: number }
  | {
      readonly kind: 'read';
      readonly text: string;
      readonly catalog: number | undefined;
      readonly searchPath: readonly string[];
    };

type Apart = Omit<Statement, 'text'>;
export type FromReader =
  | { readonly kind: 'read'; readonly statement: Apart }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly statement: Apart };

/** The thread of `createReader`: texts to facts, and nothing else. It has no environment, no socket and no file. */
const port = parentPort;
if (port === null) throw new Error('this is a thread of the proxy, not a program');
const analyses = await loadAnalyses();
const pieces = new Map<number, Record<string, unknown>>();
const analysers = new Map<number | undefined, Analyser>();

const pieceOf = (catalog: number): Record<string, unknown> => {
  const known = pieces.get(catalog) ?? {};
  pieces.set(catalog, known);
  return known;
};

const analyserOf = (catalog: number | undefined): Analyser => {
  const known = analysers.get(catalog);
  if (known !== undefined) return known;
  const made = analyses.of(catalog === undefined ? undefined : (pieceOf(catalog) as unknown as Catalog));
  analysers.set(catalog, made);
  return made;
};

port.on('message', (message: ToReader) => {
  switch (message.kind) {
    case 'field':
      pieceOf(message.catalog)[message.name] = message.value;
      return;
    case 'items': {
      const piece = pieceOf(message.catalog);
      const before = (piece[message.name] ?? []) as unknown[];
      for (const item of message.items) before.push(item);
      piece[message.name] = before;
      return;
    }
    case 'forget':
      pieces.delete(message.catalog);
      analysers.delete(message.catalog);
      return;
    case 'read': {
      const read = readText(message.text, analyserOf(message.catalog), message.searchPath);
      const { text: _known, ...statement } = read.statement;
      port.postMessage(
        read.kind === 'read'
          ? ({ kind: 'read', statement } satisfies FromReader)
          : ({ kind: 'refused', refusal: read.refusal, statement } satisfies FromReader),
      );
    }
  }
});
