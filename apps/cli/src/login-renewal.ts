import { openSync, closeSync, rmSync, statSync } from 'node:fs';
import { readClaims } from './claims.js';
import { type RestClient, createRestClient } from './client.js';
import { Failure, exitCodes } from './failure.js';
import { type Login, readLogin, storePath, writeLogin } from './login-store.js';
import { trustAlso } from './trust.js';

/** Milliseconds before its end in which a token is renewed: it must last for the request. */
const early = 60_000;
/** A lock that is older was left by who died: a request takes a minute at the longest. */
const lockLife = 90_000;
const lockTries = 1_000;
const lockPause = 100;

export interface RenewalWorld {
  readonly env: NodeJS.ProcessEnv;
  readonly now: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
}

/** The client of the login, whose token is renewed when it is about to end. */
export function clientOfLogin(world: RenewalWorld, within?: number): RestClient {
  const login = readLogin(world.env);
  if (login.ca !== undefined) trustAlso(login.ca);
  if (login.refreshToken === undefined) return createRestClient(login, within);
  return createRestClient({ url: login.url, token: () => freshToken(world, login) }, within);
}

async function freshToken(world: RenewalWorld, login: Login): Promise<string> {
  if (isFresh(login, world.now())) return login.token;
  return alone(world, async () => {
    // Somebody else may have renewed it while we waited: a refresh token that comes twice ends the login.
    const current = readLogin(world.env);
    if (current.refreshToken === undefined || isFresh(current, world.now())) return current.token;
    const client = createRestClient({ url: current.url, token: '' });
    const answer = await client.form('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: current.refreshToken, client_id: 'sally' },
    });
    if (answer.status !== 200) throw refused(answer.status);
    const { access_token: token, refresh_token: refreshToken } = answer.body as Readonly<Record<string, string>>;
    if (token === undefined || refreshToken === undefined) throw refused(answer.status);
    writeLogin(world.env, { ...current, token, refreshToken });
    return token;
  });
}

const isFresh = ({ token }: Login, now: number): boolean => (readClaims(token)?.expires ?? 0) * 1000 - now > early;

const refused = (status: number): Failure =>
  status === 400 || status === 401
    ? new Failure('your login is over: it ended, was revoked, or was used by somebody else', {
        hint: 'run `sally login --device` again; `sally logins ls` then shows where you are logged in',
        exitCode: exitCodes.denied,
      })
    : new Failure(`the login could not be renewed: the control plane answered ${status}`, {
        hint: 'try again in a minute',
        exitCode: exitCodes.unavailable,
      });

/** One `sally` at a time: beside the stored login lies a file that only one can make. */
async function alone<Result>(world: RenewalWorld, work: () => Promise<Result>): Promise<Result> {
  const lock = `${storePath(world.env)}.lock`;
  for (let attempt = 0; !take(lock, world.now()); attempt++) {
    if (attempt >= lockTries)
      throw new Failure('another `sally` is renewing the login and does not come to an end', {
        hint: `if none runs, remove ${lock}`,
        exitCode: exitCodes.temporary,
      });
    await world.wait(lockPause);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take(lock: string, now: number): boolean {
  try {
    closeSync(openSync(lock, 'wx', 0o600));
    return true;
  } catch {
    const found = statSync(lock, { throwIfNoEntry: false });
    if (found !== undefined && now - found.mtimeMs > lockLife) rmSync(lock, { force: true });
    return false;
  }
}
