import type { CopyOptions } from '@sallyport/kernel';
import { binaryRows } from './binary.js';
import { textRows } from './text.js';

/** Rows of a client's COPY data, told apart while it comes: cut anywhere, it gives the same number. */
export interface CopiedRows {
  /** Rows that came to an end in it. Never more than a server reads: the last one may have no end of its own. */
  push(bytes: Uint8Array): number;
}

export const copiedRows = (options: CopyOptions): CopiedRows =>
  options.format === 'binary' ? binaryRows() : textRows(options);
