import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CredentialProblem } from './credential.js';
import { fromFile } from './file.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-credentials-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const holding = (text: string): string => {
  const path = join(directory, 'password');
  writeFileSync(path, text);
  return path;
};

describe('a credential from a file', () => {
  test.each([
    ['s3cret', 's3cret'],
    ['s3cret\n', 's3cret'],
    ['s3cret\r\n', 's3cret'],
    [' two words \n\n', ' two words \n'],
  ])('%j gives %j', async (text, password) => {
    await expect(fromFile('app', holding(text)).read()).resolves.toEqual({ user: 'app', password });
  });

  test('is read each time', async () => {
    const source = fromFile('app', holding('old'));
    await source.read();
    holding('new');
    await expect(source.read()).resolves.toMatchObject({ password: 'new' });
  });

  test.each(['', '\n', 'x'.repeat(16 * 1024 + 1)])('no password in %#', async (text) => {
    await expect(fromFile('app', holding(text)).read()).rejects.toThrow('holds no password');
  });

  test('a missing file and a directory are problems that name the place', async () => {
    await expect(fromFile('app', '/nowhere').read()).rejects.toThrow(new CredentialProblem('/nowhere cannot be read'));
    await expect(fromFile('app', directory).read()).rejects.toThrow(CredentialProblem);
  });

  test('a pipe and a device without end are not read', async () => {
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await expect(fromFile('app', pipe).read()).rejects.toThrow(CredentialProblem);
    await expect(fromFile('app', '/dev/zero').read()).rejects.toThrow(CredentialProblem);
  });
});
