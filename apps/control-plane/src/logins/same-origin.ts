import type { IncomingHttpHeaders } from 'node:http';

/**
 * Did a page of ours send it? Browsers send the user's cookie along with whatever a stranger's page sends; where the
 * request comes from they say themselves, and no page can change that. A client that says nothing is no browser, and has
 * no business with cookies.
 */
export function isSameOrigin(headers: IncomingHttpHeaders, publicUrl: string): boolean {
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  if (origin !== undefined && origin !== new URL(publicUrl).origin) return false;
  return site === undefined ? origin !== undefined : site === 'same-origin';
}
