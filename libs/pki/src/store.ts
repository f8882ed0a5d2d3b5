import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NodeCredentials } from './credentials.js';

/** A node's credentials on disk: one file, 0600, replaced as a whole, so that key and certificate always fit. */
export interface CredentialStore {
  /** `undefined`: never enrolled. @throws when the file is there and cannot be read */
  read(): NodeCredentials | undefined;
  write(credentials: NodeCredentials): void;
}

const largest = 1024 * 1024;

export function createCredentialStore(directory: string): CredentialStore {
  const path = join(directory, 'credentials.json');
  return {
    read() {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch (problem) {
        if ((problem as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw problem;
      }
      const credentials = text.length > largest ? undefined : decode(text);
      if (credentials === undefined)
        throw new Error(`${path} does not hold credentials: remove it and enrol again with a new join token`);
      return credentials;
    },
    write(credentials) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const temporary = `${path}.${process.pid}.tmp`;
      const file = openSync(temporary, 'w', 0o600);
      try {
        writeSync(file, encode(credentials));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
      syncDirectory(dirname(path));
    },
  };
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const bytes = (value: unknown): Uint8Array => {
  if (typeof value !== 'string') throw new TypeError('not base64');
  return new Uint8Array(Buffer.from(value, 'base64'));
};

const encode = (credentials: NodeCredentials): string =>
  JSON.stringify({
    version: 1,
    ...credentials,
    privateKey: text(credentials.privateKey),
    chain: credentials.chain.map(text),
    authorities: credentials.authorities.map(text),
    bundleKeys: credentials.bundleKeys.map(({ id, publicKey }) => ({ id, publicKey: text(publicKey) })),
  });

function decode(content: string): NodeCredentials | undefined {
  try {
    const value = JSON.parse(content) as Record<string, unknown>;
    const { tenant, nodeId, name, notBefore, notAfter, chain, authorities, bundleKeys } = value;
    if (value['version'] !== 1 || typeof tenant !== 'string' || typeof nodeId !== 'string') return undefined;
    if (typeof name !== 'string' || typeof notBefore !== 'number' || typeof notAfter !== 'number') return undefined;
    if (!Array.isArray(chain) || !Array.isArray(authorities) || !Array.isArray(bundleKeys)) return undefined;
    return {
      tenant,
      nodeId,
      name,
      notBefore,
      notAfter,
      privateKey: bytes(value['privateKey']),
      chain: chain.map(bytes),
      authorities: authorities.map(bytes),
      bundleKeys: (bundleKeys as Record<string, unknown>[]).map((key) => ({
        id: String(key['id']),
        publicKey: bytes(key['publicKey']),
      })),
    };
  } catch {
    return undefined;
  }
}
