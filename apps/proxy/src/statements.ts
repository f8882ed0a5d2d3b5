import { hash } from 'node:crypto';
import type { Parameter, Refusal } from '@sallyport/kernel';
import { clip } from '@sallyport/audit';
import type { Facts, OutputColumn } from '@sallyport/sql';
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
  /** Literal-free: the same for every command of this shape. */
  readonly shape: string;
}

export type Read =
  | { readonly kind: 'read'; readonly statement: Statement }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly statement: Statement };

/** Texts to facts, remembered by the exact text, the place and the search path. */
export interface Statements {
  read(text: string, place: Place, searchPath: readonly string[]): Read;
  /** What flows into each column of a view, by its attributes. `undefined`: nobody can tell. */
  viewColumns(place: Place, relation: number): readonly OutputColumn[] | undefined;
}

const nothing: Facts = { statements: [] };

/** What can be said of a text that nobody read. */
export const unreadStatement = (text: string): Statement => ({
  text,
  facts: nothing,
  shown: shownText(text),
  digest: hash('sha256', text, 'hex'),
  shape: '',
});

/** Long texts cost linear time in the detectors; their middle is cut first, as evidence would. */
export const shownText = (text: string): string => clip(detectorsFor().scrubText(clip(text)));

/** SHA-256 of the exact text and parameters, hex. */
export const digestOf = (statement: Statement, parameters: readonly Parameter[]): string => {
  if (parameters.length === 0) return statement.digest;
  const parts: Uint8Array[] = [Buffer.from(`${statement.digest}\n${parameters.length}\n`)];
  for (const { type, format, value } of parameters) {
    parts.push(Buffer.from(`${type} ${format} ${value === null ? 'null' : value.length}\n`));
    if (value !== null) parts.push(value);
  }
  return hash('sha256', Buffer.concat(parts), 'hex');
};
