/** Why somebody was not let in: stable words for the auditor; people read `pages.ts`. */
export const refusals = {
  unknown_provider: 'There is no such way to sign in.',
  provider_disabled: 'Signing in this way is switched off.',
  too_many_requests: 'Too many tries from your address.',
  sign_in_unknown: 'This sign-in was not begun in this browser, took too long, or was finished already.',
  provider_unreachable: 'The identity provider could not be asked.',
  provider_refused: 'The identity provider did not sign you in.',
  answer_invalid: 'The answer of the identity provider is not valid.',
  replayed: 'This answer of the identity provider was used already.',
  unsolicited: 'Nobody here asked the identity provider for this.',
  groups_elsewhere: 'The identity provider sent a link instead of your groups.',
  groups_too_many: 'The identity provider sent more groups than are read.',
  groups_unreadable: 'Your groups came in a form that cannot be read.',
  no_user: 'Nobody has made a user for you.',
  disabled: 'Your user is disabled.',
  cross_site: 'The request did not come from one of our own pages.',
} as const;
export type RefusalCause = keyof typeof refusals;

export class SignInRefused extends Error {
  override readonly name = 'SignInRefused';
  override readonly cause: RefusalCause;
  /** For the auditor: never a value out of an answer. */
  readonly detail: string;

  constructor(cause: RefusalCause, detail = '') {
    super(refusals[cause]);
    this.cause = cause;
    this.detail = detail;
  }
}
