import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
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
  test('says what to do when there is none, or a broken one', () => {
    expect(() => readLogin(env())).toThrow('you are not logged in');
    writeFileSync(join(directory, 'login.json'), '{');
    expect(() => readLogin(env())).toThrow('cannot be read');
  });
  test('is gone after logout', () => {
    writeLogin(env(), { url: 'http://127.0.0.1:1', token: 'sat_x' });
    removeLogin(env());
    expect(() => readLogin(env())).toThrow('you are not logged in');
  });
});
