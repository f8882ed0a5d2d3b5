import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readCases } from './case.js';
import type { Case } from './case.js';

export interface CorpusFile {
  readonly name: string;
  readonly cases: readonly Case[];
}

/** One file for each class of statements. */
export const readFiles = (...folders: readonly string[]): readonly CorpusFile[] =>
  folders.flatMap((folder) =>
    readdirSync(join(import.meta.dirname, folder)).map((name) => ({
      name: `${folder}/${name}`,
      cases: readCases(readFileSync(join(import.meta.dirname, folder, name), 'utf8')),
    })),
  );

/** What programs send all day: a reader may, unless it says otherwise. Once simple, once extended. */
export const readBenign = (): readonly CorpusFile[] =>
  readdirSync(join(import.meta.dirname, 'benign')).map((name) => ({
    name: `benign/${name}`,
    cases: readCases(
      readFileSync(join(import.meta.dirname, 'benign', name), 'utf8'),
      new Map([['reader', { verdict: 'allow' }]]),
    ).map((given) => ({
      ...given,
      forms: given.forms.filter((form) => form === 'simple' || form === 'text' || given.bound.length > 0),
    })),
  }));
