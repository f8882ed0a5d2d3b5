import type { Pages } from './page.js';

/** What the control plane's REST answers (RFC 9457: `code`, and `type` made of it), beside codes that the wire has too. */
export const problemPages = {
  invalid_request: {
    what: 'The request is not as the reference says.',
    why: 'A field is missing, unknown or of the wrong form: `errors` names each with its path. Fields that are not known are refused, so that a misspelt one is not lost in silence.',
    next: 'Correct it; the reference is at `/docs` of the control plane.',
  },
  forbidden: {
    what: 'The caller is known and may not do this.',
    why: 'Its role does not include the route, or no policy permits it to approve this command; whoever asked for a command, owns the caller or stands in its chain never counts as its approver.',
    next: '`sally whoami` says who you are. An admin gives another role, or a policy the permit.',
  },
  not_found: {
    what: 'There is no such thing, or nothing at this address.',
    why: 'The name or id is wrong, it was deleted, or it belongs to somebody else.',
    next: 'List what there is, e.g. `sally get connections`.',
  },
  method_not_allowed: {
    what: 'The address exists and does not take this method.',
    why: 'The reference lists what it takes.',
    next: 'Use one of those.',
  },
  request_timeout: {
    what: 'The request did not come in time.',
    why: 'The client or the network was too slow.',
    next: 'Send it again.',
  },
  conflict: {
    what: 'It does not fit what is there already.',
    why: 'The name or identity is taken, or what it acts on has moved on (an approval that was used cannot be run again).',
    next: 'Read the present state, then change that (PUT), or choose another name.',
  },
  in_use: {
    what: 'It cannot be deleted or changed while something else refers to it.',
    why: 'The message says what.',
    next: 'Change that first.',
  },
  in_progress: {
    what: 'The same request, by its Idempotency-Key, is being worked on.',
    why: 'It was sent again before the first one was answered.',
    next: 'Wait and send it again: it gets the first one’s answer.',
  },
  already_set_up: {
    what: 'The first admin has been made; the set-up token is of no use any more.',
    why: 'It works once.',
    next: 'Log in with an API token: `sally login`.',
  },
  expired: {
    what: 'It was there, and is over.',
    why: 'A cursor, an approval or a token has an end.',
    next: 'Begin again from the start of the list, or ask for a new one.',
  },
  payload_too_large: {
    what: 'The body is longer than is taken.',
    why: 'Every length has a bound.',
    next: 'Send less at once.',
  },
  unsupported_media_type: {
    what: 'The body is of a type that is not taken.',
    why: 'Only JSON is.',
    next: 'Send `Content-Type: application/json`.',
  },
  policy_invalid: {
    what: 'The policy set does not parse, or does not fit the schema. Nothing was changed; what is published stays in force.',
    why: '`errors` has each problem with line and column.',
    next: 'Correct the text; `sally apply --dry-run` shows the problems without sending it.',
  },
  unenforceable: {
    what: 'A policy says something that a connection’s protocol cannot enforce, so it was not published.',
    why: 'It would be silently without effect. docs/enforcement.md says what each protocol enforces.',
    next: 'Narrow the policy to other connections, or say it in another way.',
  },
  idempotency_key_reused: {
    what: 'The Idempotency-Key came with another request before.',
    why: 'A key stands for one request.',
    next: 'Use a new key.',
  },
  issuer_unreachable: {
    what: 'The issuer’s keys could not be read.',
    why: 'Its address does not answer, or answers with no key set; a private address needs `SALLYPORT_ALLOW_PRIVATE_URLS`.',
    next: 'Check `jwksUri` from where the control plane runs, or give `keys` by hand.',
  },
  too_many_requests: {
    what: 'Too many requests, or too many refused tokens, came from this address.',
    why: 'Whoever guesses is slowed down.',
    next: 'Wait for as long as Retry-After says.',
  },
  head_too_large: {
    what: 'The head of the request is longer than is taken.',
    why: 'It is bounded to 16 KiB.',
    next: 'Send fewer or shorter headers.',
  },
  unavailable: {
    what: 'Not now: the control plane cannot do its work.',
    why: 'Its PostgreSQL cannot be reached or is too busy, or it is being stopped.',
    next: 'Try again after Retry-After; `/readyz` says what is missing. Proxies go on without it.',
  },
  no_proxy: {
    what: 'A run by id was not taken by any proxy. Nothing was executed; the approval is as it was.',
    why: 'No proxy that has the connection is connected to the control plane.',
    next: 'Start one (`sally nodes ls`), then `sally approvals run` again.',
  },
  outcome_unknown: {
    what: 'The proxy was lost while it ran an approved command: it may have happened, or not.',
    why: 'Its grant was used before the proxy went.',
    next: 'Read the session that the answer names (`sally sessions show`), look at the target, and only then ask again.',
  },
} as const satisfies Pages;
