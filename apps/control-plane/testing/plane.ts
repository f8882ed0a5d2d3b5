import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { readConfig } from '../src/config.js';
import { Database } from '../src/db/database.js';
import type { Log } from '../src/log.js';
import { startControlPlane } from '../src/start.js';
import type { ControlPlane } from '../src/start.js';
import { Reference } from './reference.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

/** REST by one caller, over real HTTP. Whatever it is answered must be as the server's own reference says. */
export interface Rest {
  (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export interface TestPlane extends ControlPlane {
  /** As `ada`, the first admin. */
  readonly admin: Rest;
  readonly nobody: Rest;
  /** Makes a user of this role and answers as them. */
  as(name: string, role: string): Promise<Rest>;
  bearing(token: string): Rest;
  readonly logged: readonly string[];
}

export const testKey = randomBytes(32).toString('base64');

export const testConfig = (databaseUrl: string, more: Readonly<Record<string, string>> = {}) =>
  readConfig({
    SALLYPORT_DATABASE_URL: databaseUrl,
    SALLYPORT_KEY: testKey,
    SALLYPORT_HTTP_LISTEN: '127.0.0.1:0',
    SALLYPORT_GRPC_LISTEN: '127.0.0.1:0',
    SALLYPORT_ENROLMENT_LISTEN: '127.0.0.1:0',
    SALLYPORT_LOG_LEVEL: 'silent',
    SALLYPORT_ALLOW_PRIVATE_URLS: 'true',
    ...more,
  });

/** A control plane on its own database, set up by `ada`. */
export async function startPlane(databaseUrl: string, more: Readonly<Record<string, string>> = {}): Promise<TestPlane> {
  const logged: string[] = [];
  const keep = (fields: object, message: string): void => void logged.push(JSON.stringify({ ...fields, message }));
  const log: Log = { debug: () => undefined, info: keep, warn: keep, error: keep };
  const plane = await startControlPlane(testConfig(databaseUrl, more), log);
  const nobody = restOf(plane.url, undefined);
  const made = await nobody('POST', '/v1/setup', { token: plane.setupToken, name: 'ada' });
  const admin = restOf(plane.url, String(made.body['token']));
  return {
    ...plane,
    logged,
    nobody,
    admin,
    bearing: (token) => restOf(plane.url, token),
    as: async (name, role) => {
      await admin('PUT', `/v1/users/${name}`, { role });
      const answer = await admin('POST', '/v1/tokens', { user: name, name: 'test' });
      return restOf(plane.url, String(answer.body['token']));
    },
  };
}

const references = new Map<string, Promise<Reference>>();

export function referenceOf(url: string): Promise<Reference> {
  const known = references.get(url) ?? Reference.of(url);
  references.set(url, known);
  return known;
}

export function restOf(url: string, token: string | undefined): Rest {
  return async (method, path, body, headers = {}) => {
    const reference = await referenceOf(url);
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const answer = {
      status: response.status,
      headers: response.headers,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
    const contentType = response.headers.get('content-type');
    const faults = reference.faults({ method, path, status: answer.status, contentType, body: answer.body });
    if (faults.length > 0)
      throw new Error(`${method} ${path} answers ${answer.status} otherwise than documented: ${faults.join('; ')}`);
    return answer;
  };
}

/** Items of a page. */
export const itemsOf = (answer: Answer): readonly Readonly<Record<string, unknown>>[] =>
  answer.body['items'] as readonly Readonly<Record<string, unknown>>[];

export const openDatabase = (url: string): Database => new Database(url);
