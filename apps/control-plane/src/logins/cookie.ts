/** Values that a browser sent under this name. */
export function cookiesNamed(header: string | undefined, name: string): readonly string[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at !== -1 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : [];
  });
}

/** Only over TLS and for this host alone, but for a browser on the same machine. */
export const cookieName = (publicUrl: string, name: string): string =>
  isEncrypted(publicUrl) ? `__Host-${name}` : name;

export function setCookie(publicUrl: string, { name, value, sameSite, maxAge }: CookieToSet): string {
  const secure = isEncrypted(publicUrl) ? '; Secure' : '';
  // Browsers take `None` only with `Secure`.
  const site = secure === '' ? 'Lax' : sameSite;
  return `${cookieName(publicUrl, name)}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=${site}${secure}`;
}

interface CookieToSet {
  readonly name: string;
  readonly value: string;
  readonly sameSite: 'Lax' | 'None';
  /** Seconds. */
  readonly maxAge: number;
}

const isEncrypted = (publicUrl: string): boolean => publicUrl.startsWith('https:');
