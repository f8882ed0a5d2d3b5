import type { CopiedRows } from './rows.js';

/** Signature and flags. */
const beginning = 15;

/** A count of fields, then of each its length and its value; -1 ends the data. */
export const binaryRows = (): CopiedRows => {
  let stage: 'beginning' | 'extension' | 'count' | 'length' | 'over' = 'beginning';
  /** Bytes that nobody looks at. */
  let skip = beginning;
  let digits = 0;
  let number = 0;
  let fields = 0;

  const read = (wanted: number): void => {
    digits = wanted;
    number = 0;
  };
  const next = (): number => {
    if (fields > 0) {
      stage = 'length';
      read(4);
      return 0;
    }
    const isRow = stage === 'length';
    stage = 'count';
    read(2);
    return isRow ? 1 : 0;
  };
  const told = (): number => {
    switch (stage) {
      case 'extension':
        skip = number;
        return skip > 0 ? 0 : next();
      case 'count':
        // A row of no columns is one.
        if (number === 0) read(2);
        fields = number;
        if (number === 0) return 1;
        if (number >= 0x8000) {
          stage = 'over';
          return 0;
        }
        return next();
      case 'length':
        fields -= 1;
        skip = number === -1 ? 0 : Math.max(0, number);
        return skip > 0 ? 0 : next();
      case 'beginning':
      case 'over':
        return 0;
    }
  };

  return {
    push(bytes) {
      let rows = 0;
      for (let at = 0; at < bytes.length && stage !== 'over';) {
        if (skip > 0) {
          const step = Math.min(skip, bytes.length - at);
          skip -= step;
          at += step;
          if (skip > 0) break;
          if (stage === 'beginning') {
            stage = 'extension';
            read(4);
          } else rows += next();
          continue;
        }
        number = (number << 8) | (bytes[at] ?? 0);
        at += 1;
        digits -= 1;
        if (digits === 0) rows += told();
      }
      return rows;
    },
  };
};
