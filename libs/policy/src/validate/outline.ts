/**
 * A first look at policy text, before cedar-wasm sees it: where each policy starts and ends, and that nothing is nested
 * so deeply that the parser's stack could overflow (which would spoil it for every later call).
 */
export interface PolicyOutline {
  readonly start: number;
  /** After its semicolon. */
  readonly end: number;
}

export type Outline =
  | { readonly kind: 'policies'; readonly policies: readonly PolicyOutline[] }
  | { readonly kind: 'refused'; readonly message: string; readonly offset: number };

export const outlineLimits = {
  text: 1_048_576,
  policy: 32_768,
  policies: 10_000,
  nesting: 48,
  operators: 300,
} as const;

const opening = '([{';
const closing = ')]}';
/** Each of these can make the tree one level deeper without a bracket. */
const operators = new Set(['&', '|', '!', '=', '<', '>', '+', '-', '*', '.']);

/** The next place that is neither white space nor inside a comment. */
export const skipTrivia = (text: string, from: number): number => {
  let at = from;
  for (;;) {
    while (at < text.length && /\s/u.test(text.charAt(at))) at += 1;
    if (!text.startsWith('//', at)) return at;
    const end = text.indexOf('\n', at);
    at = end === -1 ? text.length : end + 1;
  }
};

/** The place after a string literal that starts at `from`, or the text's end where it is not closed. */
export const skipString = (text: string, from: number): number => {
  let at = from + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return Math.min(at + 1, text.length);
};

export const outline = (text: string): Outline => {
  const refused = (message: string, offset: number): Outline => ({ kind: 'refused', message, offset });
  if (text.length > outlineLimits.text)
    return refused(`policy text is longer than ${outlineLimits.text} characters`, 0);
  const policies: PolicyOutline[] = [];
  let at = skipTrivia(text, 0);
  while (at < text.length) {
    const start = at;
    let depth = 0;
    let weight = 0;
    let ended = false;
    while (at < text.length && !ended) {
      const char = text.charAt(at);
      if (char === '"') at = skipString(text, at);
      else if (char === '/' && text.startsWith('//', at)) at = skipTrivia(text, at);
      else {
        if (opening.includes(char)) depth += 1;
        else if (closing.includes(char)) depth -= 1;
        else if (operators.has(char)) weight += 1;
        else if (/\b(?:if|has|like|in|is)\b/uy.test(text.slice(at, at + 5)) && !/\w/u.test(text.charAt(at - 1)))
          weight += 1;
        else if (char === ';' && depth <= 0) ended = true;
        at += 1;
      }
      if (depth > outlineLimits.nesting) return refused(`nested more than ${outlineLimits.nesting} deep`, at - 1);
      if (weight > outlineLimits.operators) {
        return refused(`more than ${outlineLimits.operators} operators in one policy; split it`, start);
      }
      if (at - start > outlineLimits.policy) {
        return refused(`a policy is longer than ${outlineLimits.policy} characters; split it`, start);
      }
    }
    policies.push({ start, end: at });
    if (policies.length > outlineLimits.policies) return refused(`more than ${outlineLimits.policies} policies`, start);
    at = skipTrivia(text, at);
  }
  return { kind: 'policies', policies };
};
