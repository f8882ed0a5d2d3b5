import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure, exitCodes } from './failure.js';

/** Where the control plane is and who we are there. */
export interface Login {
  readonly url: string;
  readonly token: string;
  /** Of a login by code: renews the token. */
  readonly refreshToken?: string;
  /** PEM of an authority that is trusted beside the system's. */
  readonly ca?: string;
}

export const storePath = (env: NodeJS.ProcessEnv): string =>
  join(
    env['SALLYPORT_CONFIG_DIRECTORY'] ?? join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'sallyport'),
    'login.json',
  );

/** The environment wins over the stored login, so that scripts need no file. */
export function readLogin(env: NodeJS.ProcessEnv): Login {
  const url = env['SALLYPORT_URL'];
  const token = env['SALLYPORT_TOKEN'];
  if (url !== undefined && token !== undefined) return { url, token };
  const stored = readStore(env);
  // A stored token is told to nobody but the control plane that it was stored for.
  if (stored === undefined || (url !== undefined && url !== stored.url))
    throw new Failure(url === undefined ? 'you are not logged in' : `you are not logged in at ${url}`, {
      hint: 'run `sally login --url https://...` or set SALLYPORT_URL and SALLYPORT_TOKEN',
      exitCode: exitCodes.config,
    });
  if (token === undefined) return stored;
  const { ca } = stored;
  return { url: stored.url, token, ...(ca === undefined ? {} : { ca }) };
}

function readStore(env: NodeJS.ProcessEnv): Login | undefined {
  const path = storePath(env);
  const broken = (why: string, hint: string): Failure =>
    new Failure(`the stored login ${path} ${why}`, { hint, exitCode: exitCodes.config });
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isFile() || (process.getuid !== undefined && found.uid !== process.getuid()))
    throw broken('is not a file of yours', 'remove it and run `sally login` again');
  if ((found.mode & 0o077) !== 0)
    throw broken('can be read by others on this machine', `chmod 600 ${path}, and get a new token: this one was seen`);
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Login>;
    const { url, token, ca, refreshToken } = value;
    if (typeof url === 'string' && typeof token === 'string')
      return {
        ...{ url, token },
        ...(typeof ca === 'string' ? { ca } : {}),
        ...(typeof refreshToken === 'string' ? { refreshToken } : {}),
      };
  } catch {
    // Falls through to the one message below.
  }
  throw broken('cannot be read', 'run `sally login` again');
}

/** Written beside and renamed, readable by its owner only. */
export function writeLogin(env: NodeJS.ProcessEnv, login: Login): string {
  const path = storePath(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}`;
  rmSync(beside, { force: true });
  // `wx`: never through a link that somebody laid there.
  writeFileSync(beside, `${JSON.stringify(login)}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(beside, path);
  return path;
}

export function removeLogin(env: NodeJS.ProcessEnv): void {
  rmSync(storePath(env), { force: true });
}
