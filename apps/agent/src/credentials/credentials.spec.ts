import { describe, expect, test } from '@jest/globals';
import { ConfigProblem } from '@sallyport/runtime';
import { createCredentials } from './credentials.js';

const problems = (yaml: string): readonly string[] => {
  try {
    createCredentials(yaml, {});
  } catch (error) {
    if (error instanceof ConfigProblem) return error.problems;
    throw error;
  }
  return [];
};

describe('credentials', () => {
  test('a name is looked for in the file, then in the environment', async () => {
    const credentials = createCredentials(
      `billing: { user: app, source: command, command: [echo, from-command] }\nshop: { source: environment, user: seller }`,
      {
        SALLYPORT_CREDENTIAL_BILLING_PASSWORD: 'unused',
        SALLYPORT_CREDENTIAL_SHOP_PASSWORD: 'from-environment',
        SALLYPORT_CREDENTIAL_OTHER_USER: 'other',
        SALLYPORT_CREDENTIAL_OTHER_PASSWORD: 'plain',
      },
    );
    await expect(credentials.read('billing')).resolves.toEqual({ user: 'app', password: 'from-command' });
    await expect(credentials.read('shop')).resolves.toEqual({ user: 'seller', password: 'from-environment' });
    await expect(credentials.read('other')).resolves.toEqual({ user: 'other', password: 'plain' });
    await expect(credentials.read('__proto__')).rejects.toThrow(/SALLYPORT_CREDENTIAL/);
  });

  test('an empty file holds none', () => {
    expect(problems('')).toEqual([]);
    expect(problems('# later\n')).toEqual([]);
  });

  test.each([
    ['billing: { user: app, source: file }', 'billing.path'],
    ['billing: { user: app, source: vault, path: s3cret }', 'billing.source'],
    ['billing: { user: app, source: command, command: [] }', 'billing.command'],
    ['billing: { user: app, source: command, command: [x], refresh: often }', 'billing.refresh'],
    ['billing: { user: app, source: file, path: /p, refresh: 5m }', 'billing'],
    ['billing: { user: app, source: environment, password: s3cret }', 'billing'],
    ['billing: s3cret', 'billing'],
    ['[s3cret]', 'the file'],
    ['a: { user: x\nb: s3cret', 'line 2'],
    ['a: 1\na: s3cret', 'line 2'],
  ])('%j is refused, naming %s and no value', (yaml, place) => {
    const found = problems(yaml);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join('\n')).toContain(place);
    expect(found.join('\n')).not.toContain('s3cret');
  });

  test('every mistake is told at once', () => {
    expect(problems('a: { user: x, source: file }\nb: { source: file, path: /p }')).toHaveLength(2);
  });
});
