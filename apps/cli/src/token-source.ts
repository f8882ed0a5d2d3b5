import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { causeOf } from './cause.js';
import { Failure, exitCodes, usage } from './failure.js';

export interface TokenSourceOptions {
  readonly tokenEnv: string;
  readonly tokenFile?: string;
  readonly tokenCommand?: string;
}

/** Where the token of each new connection comes from; a file or a command gives a fresh one each time. */
export type TokenSource = () => Promise<string>;

const patience = 30_000;

/** @throws Failure when there is none to begin with */
export async function openTokenSource(
  { tokenEnv, tokenFile, tokenCommand }: TokenSourceOptions,
  env: NodeJS.ProcessEnv,
): Promise<TokenSource> {
  if (tokenFile !== undefined && tokenCommand !== undefined)
    throw usage('--token-file and --token-command are both given', 'keep one of the two');
  const source =
    tokenFile !== undefined
      ? ofFile(tokenFile)
      : tokenCommand !== undefined
        ? ofCommand(tokenCommand)
        : ofEnv(tokenEnv, env);
  await source();
  return source;
}

const ofEnv = (name: string, env: NodeJS.ProcessEnv): TokenSource => {
  const token = env[name];
  return () =>
    token === undefined || token === ''
      ? Promise.reject(usage(`${name} holds no token`, 'put your token there, or use --token-file or --token-command'))
      : Promise.resolve(checked(token, name));
};

const ofFile =
  (path: string): TokenSource =>
  async () => {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch {
      throw new Failure(`the token file ${path} cannot be read`, { exitCode: exitCodes.config });
    }
    return checked(text.trim(), path);
  };

const run = promisify(execFile);

/** Its output may be a secret, its errors may quote one: neither is ever shown. */
const ofCommand =
  (command: string): TokenSource =>
  async () => {
    try {
      const { stdout } = await run('/bin/sh', ['-c', command], { timeout: patience, maxBuffer: 65_536 });
      return checked(stdout.trim(), 'the token command');
    } catch (cause) {
      if (cause instanceof Failure) throw cause;
      throw new Failure(`the token command failed (${causeOf(cause).code || 'killed'})`, {
        hint: 'run it by hand to see why',
        exitCode: exitCodes.config,
      });
    }
  };

function checked(token: string, where: string): string {
  if (!/^[\x21-\x7e]{1,65000}$/.test(token))
    throw new Failure(`${where} holds no token`, { exitCode: exitCodes.config });
  return token;
}
