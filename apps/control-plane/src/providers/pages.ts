import { createHash } from 'node:crypto';
import type { Response } from 'express';
import { refusals } from './sign-in-refused.js';
import type { RefusalCause } from './sign-in-refused.js';

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:12vh auto;padding:0 1rem;color:#1c2430;background:#fff}
h1{font-size:1.4rem}a.way,button{display:block;width:100%;box-sizing:border-box;margin:.6rem 0;padding:.7rem 1rem;border:1px solid #5b6b7f;
border-radius:.4rem;background:#f4f6f9;color:#1c2430;font:inherit;text-align:left;text-decoration:none;cursor:pointer}
a.way:hover,a.way:focus,button:hover,button:focus{background:#e2e8f0}small{color:#556}`;
const styleHash = createHash('sha256').update(style).digest('base64');
const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

export const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export function sendPage(response: Response, status: number, title: string, body: string): void {
  response
    .status(status)
    .setHeader('content-security-policy', policy)
    .setHeader('referrer-policy', 'no-referrer')
    .type('text/html; charset=utf-8').send(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(title)} · Sallyport</title>
<style>${style}</style></head><body><main><h1>${escape(title)}</h1>
${body}
</main></body></html>
`);
}

export function sendStart(
  response: Response,
  page: {
    readonly providers: readonly string[];
    readonly returnTo: string;
    readonly signedInAs: string | undefined;
  },
): void {
  const ways = page.providers.map(
    (name) =>
      `<a class="way" href="/auth/${encodeURIComponent(name)}/start?returnTo=${encodeURIComponent(page.returnTo)}">Sign in with ${escape(name)}</a>`,
  );
  const none =
    '<p>No identity provider is set up. An admin makes one: <code>sally apply</code> with the kind <code>IdentityProvider</code>.</p>';
  const session =
    page.signedInAs === undefined
      ? ''
      : `<p>You are signed in as <strong>${escape(page.signedInAs)}</strong>.</p>
<form method="post" action="/auth/logout"><button>Sign out</button></form>`;
  const title = page.signedInAs === undefined ? 'Sign in' : 'Signed in';
  sendPage(response, 200, title, `${session}\n${ways.length === 0 ? none : ways.join('\n')}`);
}

export function sendSignedOut(
  response: Response,
  elsewhere: { readonly name: string; readonly url: URL } | undefined,
): void {
  const more =
    elsewhere === undefined
      ? ''
      : `<p>You may still be signed in at ${escape(elsewhere.name)}.</p>
<a class="way" href="${escape(elsewhere.url.href)}">Sign out of ${escape(elsewhere.name)}, too</a>`;
  sendPage(
    response,
    200,
    'Signed out',
    `<p>You are signed out of Sallyport.</p>\n${more}\n<a class="way" href="/auth">Sign in again</a>`,
  );
}

/** What people can do about it. */
const next: Readonly<Record<RefusalCause, string>> = {
  unknown_provider: 'Choose one on the start page.',
  provider_disabled: 'Choose another one on the start page, or ask an admin.',
  too_many_requests: 'Wait a minute, then try again.',
  sign_in_unknown: 'Start again, in this browser. Cookies must be allowed for this site.',
  provider_unreachable: 'Try again later. If it stays so, ask an admin: they see what is wrong at the provider.',
  provider_refused: 'Start again. If it stays so, ask who runs the provider whether you may use Sallyport.',
  answer_invalid: 'Start again. If it stays so, ask an admin: the audit says which check failed.',
  replayed: 'Start again.',
  unsolicited: 'Start here instead of at the provider.',
  groups_elsewhere: 'Ask an admin: the provider must send fewer groups, only those that matter here.',
  groups_too_many: 'Ask an admin: the provider must send fewer groups, only those that matter here.',
  groups_unreadable: 'Ask an admin: the provider must send a list of names.',
  no_user: 'Ask an admin to make one for you.',
  disabled: 'Ask an admin.',
  cross_site: 'Use the button on the start page.',
};

const statuses: Partial<Readonly<Record<RefusalCause, number>>> = {
  unknown_provider: 404,
  too_many_requests: 429,
  provider_unreachable: 502,
};

/** What happened, why, what next. Nothing of what a provider or a stranger sent is repeated. */
export function sendRefusal(response: Response, cause: RefusalCause, reference: string): void {
  const body = `<p>${escape(refusals[cause])}</p>
<p>${escape(next[cause])}</p>
<a class="way" href="/auth">To the start page</a>
<p><small>${escape(cause)} · ${escape(reference)}</small></p>`;
  sendPage(response, statuses[cause] ?? 403, 'You are not signed in', body);
}
