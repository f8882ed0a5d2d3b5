import { skipString, skipTrivia } from './outline.js';

/** Where the annotation `@name` of the policy that starts at `start` is written; the policy's start if it is not found. */
export const annotationPlace = (text: string, start: number, name: string): number => {
  let at = start;
  while (text.charAt(at) === '@') {
    const found = /[A-Za-z_0-9]+/y;
    found.lastIndex = skipTrivia(text, at + 1);
    const word = found.exec(text)?.[0];
    if (word === name) return at;
    if (word === undefined) return start;
    const after = skipTrivia(text, found.lastIndex);
    if (text.charAt(after) === '(') {
      const value = skipTrivia(text, after + 1);
      const closing = text.charAt(value) === '"' ? skipTrivia(text, skipString(text, value)) : value;
      at = skipTrivia(text, closing + 1);
    } else at = after;
  }
  return start;
};
