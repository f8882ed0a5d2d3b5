import { expect, test } from '@jest/globals';
import { hasPsql, startDemo } from '@sallyport/tools';

/** The demo plays the scenario of the README by itself; what a stranger sees is what is tested. */
test('the guided scenario holds, from the masked select to the credential that is nowhere', async () => {
  const demo = startDemo(['--once']);
  const exitCode = await demo.exitCode;
  const output = demo.screen();
  const failures = output.split('\n').filter((line) => line.includes('✗'));
  expect(failures).toEqual([]);
  expect(output).toMatch(/^\d+ passed, 0 failed$/m);
  expect(Number(/^(\d+) passed/m.exec(output)?.[1])).toBeGreaterThanOrEqual(35);
  expect(output).toContain(hasPsql ? 'psql sees the same' : 'psql is not installed');
  expect(exitCode).toBe(0);
}, 300_000);
