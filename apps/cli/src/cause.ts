import { types } from 'node:util';

/** Errors of libraries: the innermost knows best. */
export interface Cause {
  /** Of Node or OpenSSL, such as ECONNREFUSED; empty where there is none. */
  readonly code: string;
  readonly reason: string;
}

export function causeOf(error: unknown): Cause {
  if (!types.isNativeError(error)) return { code: '', reason: 'unknown error' };
  if (types.isNativeError(error.cause)) return causeOf(error.cause);
  // Several addresses were tried: the first failure stands for all.
  const [first] = 'errors' in error && Array.isArray(error.errors) ? (error.errors as readonly unknown[]) : [];
  if (first !== undefined) return causeOf(first);
  const code = 'code' in error ? String(error.code) : '';
  return { code, reason: error.message === '' ? code || error.name : error.message };
}
