import { readFile } from 'node:fs/promises';
import { CredentialProblem } from './credential.js';
import type { CredentialSource } from './credential.js';

const longest = 16 * 1024;

/** A file that holds the password, e.g. a mounted secret; read each time, so that rotation needs no restart. */
export function fromFile(user: string, path: string): CredentialSource {
  return {
    read: async () => {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch {
        throw new CredentialProblem(`${path} cannot be read`);
      }
      const password = text.replace(/\r?\n$/, '');
      if (password === '' || password.length > longest) throw new CredentialProblem(`${path} holds no password`);
      return { user, password };
    },
  };
}
