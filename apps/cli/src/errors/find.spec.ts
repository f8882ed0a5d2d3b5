import { describe, expect, test } from '@jest/globals';
import { sally } from '../../testing/sally.js';
import { failureCodes } from '../failure.js';
import { causeTables, findErrors, pages } from './find.js';

const found = (text: string): readonly string[] => findErrors(text).map((each) => `${each.kind} ${each.code}`);

test.each([
  ['approval_pending', ['page approval_pending']],
  ['SP004', ['page policy_stale']],
  ['28000', ['page unauthenticated']],
  ['34000', ['page protocol_violation']],
  ['42501', ['page denied', 'page approval_denied']],
  ['urn:sallyport:problem:conflict', ['page conflict', 'cause conflict']],
  ['wrong_audience', ['cause wrong_audience']],
  ['expired', ['page expired', 'cause expired', 'cause expired']],
  ['gate_untrusted', ['page gate_untrusted']],
  ['toString', []],
  ['', []],
])('%j finds %j', (text, codes) => expect(found(text)).toEqual(codes));

describe('every entry', () => {
  const texts = [
    ...Object.entries(pages).flatMap(([code, page]) => Object.values(page).map((text) => [code, text] as const)),
    ...causeTables.flatMap(({ causes }) =>
      Object.entries(causes).flatMap(([code, cause]) =>
        Object.values(cause).map((text) => [code, text as string] as const),
      ),
    ),
  ];
  test.each(texts)('%s is a text of one line without a table sign: %s', (_code, text) => {
    expect(text.length).toBeGreaterThan(3);
    expect(text).not.toMatch(/[|\n]/);
  });
});

test('a code of `sally` names the exit code that it goes with', () => {
  for (const [code, exitCode] of Object.entries(failureCodes))
    expect([code, pages[code]?.what]).toEqual([code, expect.stringContaining(`Exit code ${exitCode}`)]);
});

test('sally explain', async () => {
  const { exitCode, stdout } = await sally(['explain', 'SP004']);
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^policy_stale \(SQLSTATE SP004\)\n {2}happened/)]);
  expect((await sally(['explain', 'tls_refused'])).stdout).toContain('tls_refused (cause of target_unavailable)');
  expect((await sally(['explain'])).stdout).toContain('\nno_agent ');
  const { items } = JSON.parse((await sally(['explain', '--json'])).stdout) as { readonly items: readonly unknown[] };
  expect(items).toHaveLength(Object.keys(pages).length);
});
