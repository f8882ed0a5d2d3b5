import { execFile } from 'node:child_process';
import { CredentialProblem } from './credential.js';
import type { CredentialSource } from './credential.js';

const patience = 10_000;

/** A program that prints the password: a vault's client, a cloud's token maker. No shell is involved. */
export function fromCommand(user: string, command: readonly [string, ...string[]]): CredentialSource {
  const [program, ...args] = command;
  return {
    read: () =>
      new Promise((resolve, reject) => {
        execFile(program, args, { timeout: patience, maxBuffer: 64 * 1024, encoding: 'utf8' }, (error, stdout) => {
          // Neither its output nor its words are repeated: either may hold a secret.
          if (error !== null)
            return reject(new CredentialProblem(`${program} failed or took longer than ${patience} ms`));
          const password = stdout.replace(/\r?\n$/, '');
          if (password === '') return reject(new CredentialProblem(`${program} printed no password`));
          resolve({ user, password });
        });
      }),
  };
}
