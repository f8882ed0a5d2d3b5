import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { CredentialProblem } from './credential.js';
import type { CredentialSource } from './credential.js';

const longest = 16 * 1024;

/** A file that holds the password, e.g. a mounted secret; read each time, so that rotation needs no restart. */
export function fromFile(user: string, path: string): CredentialSource {
  return {
    read: async () => {
      const text = await readBounded(path).catch(() => {
        throw new CredentialProblem(`${path} cannot be read`);
      });
      const password = text?.replace(/\r?\n$/, '') ?? '';
      if (password === '') throw new CredentialProblem(`${path} holds no password`);
      return { user, password };
    },
  };
}

/** `undefined`: no file, or too long for a password. A pipe or a device may never end, and is not read. */
async function readBounded(path: string): Promise<string | undefined> {
  const { O_RDONLY, O_NONBLOCK } = constants;
  const file = await open(path, O_RDONLY | O_NONBLOCK);
  try {
    const about = await file.stat();
    if (!about.isFile() || about.size > longest) return undefined;
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
