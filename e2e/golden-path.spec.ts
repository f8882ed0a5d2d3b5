import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasPsql, rootDirectory, startDemo } from '@sallyport/tools';

/** The demo plays the scenario of the README by itself; what a stranger sees is what is tested. */
test('the guided scenario holds, from the masked select to the credential that is nowhere', async () => {
  // Built before the tests: a build that others look on at takes their files away for a moment.
  const demo = startDemo(['--once', '--built']);
  const exitCode = await demo.exitCode;
  const output = demo.screen();
  const failures = output.split('\n').filter((line) => line.includes('✗'));
  expect(failures).toEqual([]);
  expect(output).toMatch(/^\d+ passed, 0 failed$/m);
  expect(Number(/^(\d+) passed/m.exec(output)?.[1])).toBeGreaterThanOrEqual(35);
  expect(output).toContain(hasPsql ? 'psql sees the same' : 'psql is not installed');
  expect(exitCode).toBe(0);
  expectInOrder(tourOfReadme(), output.split('\n').map(withoutChance));
}, 300_000);

/** What the README shows of it, line by line; `...` stands for what was left out. */
function tourOfReadme(): readonly string[] {
  const readme = readFileSync(join(rootDirectory, 'README.md'), 'utf8');
  const [, tour = ''] = /^## The tour(.*?)^## /ms.exec(readme) ?? [];
  const blocks = [...tour.matchAll(/```\n(.*?)```/gs)].flatMap(([, block = '']) => block.trimEnd().split('\n'));
  return blocks.filter((line) => line !== '...').map(withoutChance);
}

/** Ids, times and ports differ from run to run; so does the width of a column of times. */
const withoutChance = (line: string): string =>
  line
    .replace(/(apr|ses)_[0-9A-Z]{26}/g, '$1_')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z|\d\d:\d\d:\d\d\.\d{3}/g, 'T')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:P')
    .replace(/\b\d+\.\d(?= )/g, 'N')
    .replace(/ +/g, ' ')
    .trim();

function expectInOrder(lines: readonly string[], output: readonly string[]): void {
  expect(lines.length).toBeGreaterThan(20);
  let at = 0;
  for (const line of lines) {
    const found = output.indexOf(line, at);
    if (found === -1) throw new Error(`README.md shows a line that the demo does not (any more): ${line}`);
    at = found + 1;
  }
}
