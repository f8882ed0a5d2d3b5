import { describe, expect, test } from '@jest/globals';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { describeConfig, readConfig } from './config.js';
import { addressField, durationField, parseAddress, parseDuration, parseSize } from './fields.js';
import { mintId } from './id.js';
import { ConfigProblem } from './problem.js';

const schema = z.object({
  SALLYPORT_NAME: z.string().min(1).describe('Who this is.'),
  SALLYPORT_LISTEN: addressField.default('127.0.0.1:1').describe('Where.'),
  SALLYPORT_SECRET: z.string().optional().describe('Hidden.').meta({ secret: true }),
});

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig(schema, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigProblem) return error.problems;
    throw error;
  }
};

describe('configuration', () => {
  test('is typed, defaulted and frozen', () => {
    const config = readConfig(schema, { SALLYPORT_NAME: 'gate-1', HOME: '/x' });
    expect(config).toEqual({ SALLYPORT_NAME: 'gate-1', SALLYPORT_LISTEN: '127.0.0.1:1' });
    expect(Object.isFrozen(config)).toBe(true);
  });

  const wrong: readonly (readonly [string, Record<string, string>, string])[] = [
    ['a missing one', {}, 'SALLYPORT_NAME is not set: Who this is.'],
    ['a typing error', { SALLYPORT_NAME: 'x', SALLYPORT_LISTN: 'y' }, 'did you mean SALLYPORT_LISTEN?'],
    ['a bad address', { SALLYPORT_NAME: 'x', SALLYPORT_LISTEN: 'here' }, 'SALLYPORT_LISTEN must be host:port'],
    ['a port too high', { SALLYPORT_NAME: 'x', SALLYPORT_LISTEN: 'a:70000' }, 'above 65535'],
    [
      'a file that is not there',
      { SALLYPORT_NAME_FILE: '/nowhere' },
      'SALLYPORT_NAME_FILE names a file that cannot be read',
    ],
    ['both forms', { SALLYPORT_NAME: 'x', SALLYPORT_NAME_FILE: '/etc/hostname' }, 'are both set'],
  ];
  test.each(wrong)('names %s', (_name, env, message) => {
    expect(problemsOf(env).join('\n')).toContain(message);
  });

  test('tells all problems at once and never a secret', () => {
    const problems = problemsOf({ SALLYPORT_LISTEN: 'nonsense', SALLYPORT_SECRT: 'hunter2' });
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain('hunter2');
  });

  test('reads a value from a file', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'sallyport-config-')), 'name');
    writeFileSync(path, 'from-file\n');
    expect(readConfig(schema, { SALLYPORT_NAME_FILE: path }).SALLYPORT_NAME).toBe('from-file');
  });

  test('describes itself', () => {
    expect(describeConfig(schema)).toEqual([
      { name: 'SALLYPORT_NAME', description: 'Who this is.', fallback: undefined, required: true, secret: false },
      { name: 'SALLYPORT_LISTEN', description: 'Where.', fallback: '127.0.0.1:1', required: false, secret: false },
      { name: 'SALLYPORT_SECRET', description: 'Hidden.', fallback: undefined, required: false, secret: true },
    ]);
  });

  test('durations', () => {
    expect(['500ms', '45s', '5m', '24h', '7d', '45', ''].map(parseDuration)).toEqual([
      500,
      45_000,
      300_000,
      86_400_000,
      604_800_000,
      Number.NaN,
      Number.NaN,
    ]);
    const field = durationField(1_000, 60_000);
    expect(['999ms', '1s', '60s', '61s', '1 s'].map((text) => field.safeParse(text).success)).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  test('addresses and sizes', () => {
    expect(parseAddress('[::1]:80')).toEqual({ host: '::1', port: 80 });
    expect([parseSize('512MiB'), parseSize('7')]).toEqual([512 * 1024 * 1024, 7]);
  });
});

test('ids are prefixed, sortable by time and unique', () => {
  const ids = [mintId('ses', 1), mintId('ses', 2), mintId('ses', 1_800_000_000_000)];
  expect([...ids].sort()).toEqual(ids);
  expect(ids[0]).toMatch(/^ses_[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(new Set(Array.from({ length: 1000 }, () => mintId('x'))).size).toBe(1000);
});
