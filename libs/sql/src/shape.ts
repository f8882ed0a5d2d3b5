import { fingerprintSync } from 'libpg-query';
import { abridge, abridging } from './long-literals.js';

/**
 * A fingerprint of a text without its literals: the same for every command that differs in those alone. It is a second pass of the
 * grammar, and only approvals ask for it. Empty where the grammar takes no such text.
 */
export function shapeOf(text: string): string {
  try {
    return fingerprintSync(text.length > abridging.above ? (abridge(text, abridging)?.text ?? '') : text);
  } catch {
    return '';
  }
}
