import { causeOf } from './cause.js';
import { Failure, exitCodes } from './failure.js';
import { secretUrl } from './secret-url.js';
import { trustSystem } from './trust.js';

/** RFC 9457. */
interface Problem {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly path?: string; readonly message: string }[];
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** When it answered, by its own clock, where it says so. */
  readonly date: string | null;
}

export type Query = Readonly<Record<string, string | undefined>>;

/** The control plane's REST API; throws `Failure` with the server's own words. */
export interface RestClient {
  readonly url: string;
  get(path: string, query?: Query): Promise<unknown>;
  /** `undefined` instead of a failure where the noun does not exist. */
  find(path: string): Promise<unknown>;
  /** Whatever the status says. */
  look(path: string): Promise<Answer>;
  /** A form, as OAuth wants it; whatever the status says. What is `undefined` is left out. */
  form(path: string, fields: Query): Promise<Answer>;
  /** What it proves itself with, good for a while. */
  token(): Promise<string>;
  send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
}

/** The control plane waits up to 25 s for the result of a run. */
const patience = 60_000;

/** @throws Failure for an address that a token may not be sent to */
export function createRestClient(
  { url, token }: { readonly url: string; readonly token: string | (() => Promise<string>) },
  within = patience,
): RestClient {
  // It may stand behind a path of its own.
  const base = secretUrl('the control plane’s address', url).replace(/\/*$/, '/');
  if (base.startsWith('https:')) trustSystem();
  const current = typeof token === 'string' ? () => Promise.resolve(token) : token;
  const request = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const bearer = await current();
    try {
      const response = await fetch(new URL(path.replace(/^\//, ''), base), {
        method,
        redirect: 'error',
        signal: AbortSignal.timeout(within),
        headers: {
          ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }),
          accept: 'application/json, application/problem+json',
          // Of a form, fetch says so itself.
          ...(body === undefined || body instanceof URLSearchParams ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: body instanceof URLSearchParams ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        body: text === '' ? undefined : parse(text, response.status),
        date: response.headers.get('date'),
      };
    } catch (cause) {
      throw cause instanceof Failure ? cause : unreachable(url, cause);
    }
  };
  const expectOk = (answer: Answer): Answer => {
    if (answer.status >= 400) throw failureOf(answer);
    return answer;
  };
  return {
    url,
    token: current,
    form: (path, fields) => request('POST', path, searchOf(fields)),
    look: (path) => request('GET', path),
    get: async (path, query = {}) => expectOk(await request('GET', withQuery(path, query))).body,
    find: async (path) => {
      const answer = await request('GET', path);
      return answer.status === 404 ? undefined : expectOk(answer).body;
    },
    send: async (method, path, body) => expectOk(await request(method, path, body)),
  };
}

function searchOf(query: Query): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, value);
  return search;
}

/** What is `undefined` is left out. */
export function withQuery(path: string, query: Query): string {
  const search = searchOf(query);
  return search.size > 0 ? `${path}?${search}` : path;
}

function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(`the control plane answered ${status} with something that is not JSON`, {
      hint: 'is the address that of a Sallyport control plane?',
    });
  }
}

function failureOf({ status, body }: Answer): Failure {
  const problem = (body ?? {}) as Problem;
  const hint = hintOf(status);
  const message = problem.detail ?? problem.title ?? `the control plane answered ${status}`;
  const errors = (problem.errors ?? []).map(({ path, message: what }) =>
    path === undefined ? what : `${path}: ${what}`,
  );
  return new Failure(message, {
    // A single one says what the message says.
    details: errors.filter((error) => error !== message),
    exitCode: exitCodeOf(status),
    ...(hint === undefined ? {} : { hint }),
    ...(problem.code === undefined ? {} : { code: problem.code }),
  });
}

function exitCodeOf(status: number): number {
  if (status === 401 || status === 403) return exitCodes.denied;
  if (status === 425) return exitCodes.temporary;
  return status === 429 || status >= 500 ? exitCodes.unavailable : exitCodes.failed;
}

function hintOf(status: number): string | undefined {
  if (status === 401) return 'the token is wrong, expired or revoked: get another one and run `sally login` again';
  if (status === 403) return '`sally whoami` says who you are; an admin gives another role, or a policy the permit';
  if (status === 425) return 'nothing was run: somebody must agree first (`sally approvals approve`); then try again';
  return undefined;
}

/** Of OpenSSL and Node: the certificate is there, and proves nothing. */
const untrusted = /CERT|SIGNATURE|ISSUER|SELF_SIGNED|ALTNAME/;

function unreachable(url: string, cause: unknown): Failure {
  const { code, reason } = causeOf(cause);
  if (untrusted.test(code))
    return new Failure(`the certificate of ${url} cannot be verified: ${reason}`, {
      hint: 'give the PEM of its authority with `sally login --ca`, or in the file that SALLYPORT_CA names',
      exitCode: exitCodes.unavailable,
    });
  return new Failure(`cannot reach the control plane at ${url}: ${reason}`, {
    hint: 'check the address, and that it is running: its /healthz answers 200',
    exitCode: exitCodes.unavailable,
  });
}
