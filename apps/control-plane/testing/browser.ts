/** What of a browser matters for signing in: it keeps cookies, per origin, and follows redirects one by one. */
export class Browser {
  readonly #jars = new Map<string, Map<string, string>>();

  async send(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const { origin } = new URL(url);
    const jar = this.#jarOf(origin);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie === '' ? {} : { cookie }), ...(init.headers as Record<string, string> | undefined) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';');
      const at = pair.indexOf('=');
      const isOver = attributes.some((each) => /^\s*(?:max-age=0|expires=thu, 01 jan 1970.*)$/i.test(each));
      if (isOver) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }

  /** As a page of that origin sends a form. */
  post(url: string | URL, form: Readonly<Record<string, string>> = {}, more: Readonly<Record<string, string>> = {}) {
    const headers = { origin: new URL(url).origin, 'content-type': 'application/x-www-form-urlencoded', ...more };
    return this.send(url, { method: 'POST', headers, body: new URLSearchParams(form).toString() });
  }

  /** Follows redirects for as long as they go on, but not to where `until` says. */
  async follow(
    from: string | URL,
    until: (url: URL) => boolean = () => false,
  ): Promise<{ url: URL; response: Response }> {
    let url = new URL(from);
    for (let count = 0; count < 12; count++) {
      const response = await this.send(url);
      const location = response.headers.get('location');
      if (location === null) return { url, response };
      url = new URL(location, url);
      if (until(url)) return { url, response };
    }
    throw new Error('redirected for ever');
  }

  cookie(origin: string, name: string): string | undefined {
    return this.#jarOf(origin).get(name);
  }

  setCookie(origin: string, name: string, value: string): void {
    this.#jarOf(origin).set(name, value);
  }

  #jarOf(origin: string): Map<string, string> {
    const jar = this.#jars.get(origin) ?? new Map<string, string>();
    this.#jars.set(origin, jar);
    return jar;
  }
}
