import type { Allowed, CommandQuestion, QuestionId } from '@sallyport/kernel';
import type { Complaint } from '../message/refusal.js';
import type { Exchange } from './exchange.js';
import type { HeldBack } from './held-back.js';

/** What may become of a client's message: it is asked about, refused, kept for later, or put back until the target spoke. */
export interface Requesting {
  readonly exchange: Exchange;
  readonly held: HeldBack;
  readonly ask: (
    question: Omit<CommandQuestion, 'kind' | 'state' | 'group'> & { readonly whole?: boolean },
    allow: (id: QuestionId, verdict: Allowed) => void,
    unnamed?: boolean,
  ) => void;
  readonly refuse: (complaint: Complaint, simple: boolean, unnamed?: boolean) => void;
  readonly wait: (frame: Uint8Array) => void;
}
