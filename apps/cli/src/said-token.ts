import { Failure } from './failure.js';
import type { Output } from './output.js';

/** Visible ASCII: what a header can carry, and no terminal obeys. */
const isToken = (text: unknown): text is string => typeof text === 'string' && /^[\x21-\x7e]+$/.test(text);

/** The one thing that is printed as it is, for scripts: `TOKEN=$(sally ...)`. */
export function sayToken<Value extends { readonly token: string }>(output: Output, value: Value): void {
  if (!isToken(value.token)) throw new Failure('the answer holds no token that could be used');
  output.value(value, () => output.document(`${value.token}\n`));
}
