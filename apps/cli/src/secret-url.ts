import { usage } from './failure.js';

/** Addresses that do not leave this machine. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  hostname === '[::1]' ||
  /^127(\.\d+){3}$/.test(hostname);

/**
 * An address that may be told a secret: https, or http that does not leave this machine.
 *
 * @throws Failure
 */
export function secretUrl(what: string, text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw usage(`${what} ${text} is not a URL`, 'write it like https://sallyport.example.com');
  if (url.username !== '' || url.password !== '')
    throw usage(`${what} holds a user name or a password`, 'leave them out: they would end up in logs');
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw usage(
      `${what} ${text} is not encrypted: everybody on the way could read your secret`,
      'use https://, or a tunnel that ends on 127.0.0.1 (ssh -L)',
    );
  return text;
}
