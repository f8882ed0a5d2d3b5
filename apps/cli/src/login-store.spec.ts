import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLogin, removeLogin, writeLogin } from './login-store.js';

describe('stored login', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sallyport-cli-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const env = (more: Record<string, string> = {}): NodeJS.ProcessEnv => ({
    SALLYPORT_CONFIG_DIRECTORY: directory,
    ...more,
  });

  test('is kept for its owner only, and read back', () => {
    const path = writeLogin(env(), { url: 'http://127.0.0.1:1', token: 'sat_x' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readLogin(env())).toEqual({ url: 'http://127.0.0.1:1', token: 'sat_x' });
  });
  test('the environment wins', () => {
    writeLogin(env(), { url: 'http://127.0.0.1:1', token: 'sat_x' });
    expect(readLogin(env({ SALLYPORT_TOKEN: 'sat_y' })).token).toBe('sat_y');
  });
  test('a stored token is not told to another control plane', () => {
    writeLogin(env(), { url: 'http://127.0.0.1:1', token: 'sat_x' });
    expect(() => readLogin(env({ SALLYPORT_URL: 'http://127.0.0.1:2' }))).toThrow(
      'not logged in at http://127.0.0.1:2',
    );
    expect(readLogin(env({ SALLYPORT_URL: 'http://127.0.0.1:1' })).token).toBe('sat_x');
    expect(readLogin(env({ SALLYPORT_URL: 'http://127.0.0.1:2', SALLYPORT_TOKEN: 'sat_y' })).token).toBe('sat_y');
  });
  test('says what to do when there is none, or a broken one', () => {
    expect(() => readLogin(env())).toThrow('you are not logged in');
    writeFileSync(join(directory, 'login.json'), '{', { mode: 0o600 });
    expect(() => readLogin(env())).toThrow('cannot be read');
  });
  test('is refused when others on the machine could have read it', () => {
    chmodSync(writeLogin(env(), { url: 'http://127.0.0.1:1', token: 'sat_x' }), 0o640);
    expect(() => readLogin(env())).toThrow('can be read by others');
  });
  test('is never written through a link that lies in its way', () => {
    const victim = join(directory, 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, join(directory, 'login.json'));
    symlinkSync(victim, join(directory, `login.json.${process.pid}`));
    writeLogin(env(), { url: 'http://127.0.0.1:1', token: 'sat_x' });
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(readLogin(env()).token).toBe('sat_x');
  });
  test('is gone after logout', () => {
    writeLogin(env(), { url: 'http://127.0.0.1:1', token: 'sat_x' });
    removeLogin(env());
    expect(() => readLogin(env())).toThrow('you are not logged in');
  });
});
