import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPrivateDirectory } from './private-directory.js';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'sallyport-private-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));
const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('only its owner reads it, a file is replaced whole, and nothing is left', () => {
  const directory = openPrivateDirectory({ XDG_RUNTIME_DIR: parent });
  expect(modeOf(directory.path)).toBe(0o700);
  const path = directory.write('pgpass', 'one\n');
  const before = statSync(path).ino;
  expect(directory.write('pgpass', 'two\n')).toBe(path);
  expect([modeOf(path), readFileSync(path, 'utf8')]).toEqual([0o600, 'two\n']);
  expect(statSync(path).ino).not.toBe(before);
  expect(readdirSync(directory.path)).toEqual(['pgpass']);
  directory.remove();
  expect(readdirSync(parent)).toEqual([]);
});

test('what a killed one left behind is swept; what lives, and what is not ours, stays', () => {
  const { pid } = spawnSync('true');
  const dead = join(parent, `sallyport-run-${pid}-x`);
  const alive = join(parent, `sallyport-run-${process.pid}-x`);
  const other = join(parent, 'something-else');
  for (const path of [dead, alive, other]) mkdirSync(path);
  openPrivateDirectory({ XDG_RUNTIME_DIR: parent }).remove();
  expect([dead, alive, other].map((path) => existsSync(path))).toEqual([false, true, true]);
});

test('a runtime directory that is not there is passed over', () => {
  const directory = openPrivateDirectory({ XDG_RUNTIME_DIR: join(parent, 'nothing') });
  expect(directory.path.startsWith(tmpdir())).toBe(true);
  directory.remove();
});
