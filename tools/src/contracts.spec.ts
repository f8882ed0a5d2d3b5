import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { rootDirectory } from './stack/paths.js';

const buf = join(rootDirectory, 'node_modules/.bin/buf');
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-contracts-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const run = (...args: readonly string[]): void =>
  void execFileSync(buf, args, { cwd: rootDirectory, stdio: ['ignore', 'pipe', 'pipe'] });
/** What it says when it refuses; empty when it does not. */
const refusal = (...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync(buf, args, { cwd: rootDirectory, encoding: 'utf8' });
  return status === 0 ? '' : `${stdout}${stderr}`;
};
const filesIn = (root: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [relative(root, path), readFileSync(path, 'utf8')]),
  );

describe('the contracts', () => {
  test('are what proto/ generates: run `npm run proto` after a change', () => {
    run('generate', '--output', directory);
    const generated = filesIn(join(directory, 'libs/contracts/src/gen'));
    const kept = filesIn(join(rootDirectory, 'libs/contracts/src/gen'));
    expect(Object.keys(kept)).toEqual(Object.keys(generated));
    expect(Object.keys(kept).length).toBeGreaterThan(4);
    for (const [path, text] of Object.entries(generated)) expect([path, kept[path]]).toEqual([path, text]);
  }, 60_000);

  test('break nothing that was there, and the baseline knows all that is there', () => {
    const baseline = 'proto/baseline.binpb';
    const now = join(directory, 'now.binpb');
    run('build', '--output', now);
    expect(refusal('breaking', '--against', baseline)).toBe('');
    // The other way round: what the baseline lacks could be broken unnoticed.
    expect(refusal('breaking', baseline, '--against', now)).toBe('');
  }, 60_000);

  test('would be refused if they broke something', () => {
    const copy = join(directory, 'proto');
    cpSync(join(rootDirectory, 'proto'), copy, { recursive: true });
    const path = join(copy, 'sallyport/v1/evidence.proto');
    writeFileSync(path, readFileSync(path, 'utf8').replace('string id = 1;', 'string id = 7;'));
    expect(refusal('breaking', copy, '--against', 'proto/baseline.binpb')).toContain('AuditRecord');
  }, 60_000);
});
