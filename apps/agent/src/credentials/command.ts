import { execFile } from 'node:child_process';
import { CredentialProblem } from './credential.js';
import type { CredentialSource } from './credential.js';

const patience = 10_000;
const longest = 64 * 1024;

/** The program is told nothing that is the agent's own: neither its join token nor another target's credential. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SALLYPORT_')));

/** A program that prints the password: a vault's client, a cloud's token maker. No shell is involved. */
export function fromCommand(
  user: string,
  command: readonly [string, ...string[]],
  timeout = patience,
): CredentialSource {
  const [program, ...args] = command;
  return {
    read: () =>
      new Promise((resolve, reject) => {
        // One that ignores a polite signal would hang its session for ever.
        const options = { timeout, killSignal: 'SIGKILL', maxBuffer: longest, encoding: 'utf8' } as const;
        execFile(program, args, { ...options, env: environment() }, (error, stdout) => {
          // Neither its output nor its words are repeated: either may hold a secret.
          if (error !== null)
            return reject(new CredentialProblem(`${program} failed or took longer than ${timeout} ms`));
          const password = stdout.replace(/\r?\n$/, '');
          if (password === '') return reject(new CredentialProblem(`${program} printed no password`));
          resolve({ user, password });
        });
      }),
  };
}
