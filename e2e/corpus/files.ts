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
