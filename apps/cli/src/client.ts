import { Failure, exitCodes } from './failure.js';
import type { Login } from './login-store.js';

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
}

/** The control plane's REST API; throws `Failure` with the server's own words. */
export interface RestClient {
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<unknown>;
  /** `undefined` instead of a failure where the noun does not exist. */
  find(path: string): Promise<unknown>;
  send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
}

export function createRestClient({ url, token }: Login, fetcher: typeof fetch = fetch): RestClient {
  const request = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    let response: Response;
    try {
      response = await fetcher(new URL(path, url), {
        method,
        redirect: 'error',
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json, application/problem+json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new Failure(`cannot reach the control plane at ${url}`, {
        hint: `check the address and that it is running (${reasonOf(cause)})`,
        exitCode: exitCodes.unavailable,
      });
    }
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : parse(text, response.status) };
  };
  const expectOk = (answer: Answer): Answer => {
    if (answer.status >= 400) throw failureOf(answer);
    return answer;
  };
  return {
    get: async (path, query = {}) => {
      const search = new URLSearchParams();
      for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, value);
      return expectOk(await request('GET', search.size > 0 ? `${path}?${search}` : path)).body;
    },
    find: async (path) => {
      const answer = await request('GET', path);
      return answer.status === 404 ? undefined : expectOk(answer).body;
    },
    send: async (method, path, body) => expectOk(await request(method, path, body)),
  };
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
  const lines = [problem.detail ?? problem.title ?? `the control plane answered ${status}`];
  for (const error of problem.errors ?? [])
    lines.push(`  ${error.path === undefined ? '' : `${error.path}: `}${error.message}`);
  const code =
    status === 401 || status === 403 ? exitCodes.denied : status === 425 ? exitCodes.temporary : exitCodes.failed;
  return new Failure(lines.join('\n'), {
    exitCode: code,
    ...(status === 401 ? { hint: 'your token is not valid (any more): run `sally login`' } : {}),
  });
}

const reasonOf = (cause: unknown): string => {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? inner.message : 'unknown error';
};
