import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure, exitCodes } from './failure.js';

/** Where the control plane is and who we are there. */
export interface Login {
  readonly url: string;
  readonly token: string;
}

const storePath = (env: NodeJS.ProcessEnv): string =>
  join(
    env['SALLYPORT_CONFIG_DIRECTORY'] ?? join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'sallyport'),
    'login.json',
  );

/** The environment wins over the stored login, so that scripts need no file. */
export function readLogin(env: NodeJS.ProcessEnv): Login {
  const stored = readStore(env);
  const url = env['SALLYPORT_URL'] ?? stored?.url;
  const token = env['SALLYPORT_TOKEN'] ?? stored?.token;
  if (url === undefined || token === undefined)
    throw new Failure('you are not logged in', {
      hint: 'run `sally login --url https://...` or set SALLYPORT_URL and SALLYPORT_TOKEN',
      exitCode: exitCodes.config,
    });
  return { url, token };
}

function readStore(env: NodeJS.ProcessEnv): Login | undefined {
  const path = storePath(env);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const value = JSON.parse(text) as Partial<Login>;
    if (typeof value.url === 'string' && typeof value.token === 'string') return { url: value.url, token: value.token };
  } catch {
    // Falls through to the one message below.
  }
  throw new Failure(`the stored login ${path} cannot be read`, {
    hint: 'run `sally login` again',
    exitCode: exitCodes.config,
  });
}

/** Written beside and renamed, readable by its owner only. */
export function writeLogin(env: NodeJS.ProcessEnv, login: Login): string {
  const path = storePath(env);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}`;
  writeFileSync(beside, `${JSON.stringify(login)}\n`, { mode: 0o600 });
  chmodSync(beside, 0o600);
  renameSync(beside, path);
  return path;
}

export function removeLogin(env: NodeJS.ProcessEnv): void {
  rmSync(storePath(env), { force: true });
}
