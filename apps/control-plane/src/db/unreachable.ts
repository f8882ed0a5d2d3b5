import { StartProblem, exitCodes } from '@sallyport/runtime';

/** The database cannot be used; the message says where it was looked for, and never the password. */
export function databaseProblem(url: string, cause: unknown): unknown {
  const code: unknown = typeof cause === 'object' && cause !== null ? Reflect.get(cause, 'code') : undefined;
  const way = typeof code === 'string' ? ways[code] : undefined;
  if (way === undefined) return cause;
  const { host, pathname, username } = new URL(url);
  const place = `${decodeURIComponent(username)}@${host}${pathname}`;
  return new StartProblem(`SALLYPORT_DATABASE_URL ${place}: ${way} (${code})`, exitCodes.unavailable, { cause });
}

const ways: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: start the database, or correct host and port',
  ENOTFOUND: 'the host name is not known: correct it',
  EAI_AGAIN: 'the host name cannot be looked up now: see to the name server',
  ETIMEDOUT: 'it does not answer: see to network and firewall',
  ECONNRESET: 'it hung up: is it PostgreSQL, and does it take connections from here?',
  '28P01': 'the password is wrong: correct it',
  '28000': 'it does not let this user in from here: see to its pg_hba.conf',
  '3D000': 'there is no such database: create it',
  '42501': 'this user may not create tables there: grant it, or make it the owner',
  '57P03': 'it is starting or stopping: try again',
  '53300': 'it takes no more connections: raise max_connections, or stop what holds them',
};
