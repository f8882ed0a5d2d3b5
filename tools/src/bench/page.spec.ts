import { expect, test } from '@jest/globals';
import { atLeast } from './figure.js';
import { mergePage } from './page.js';

const figure = (name: string, score: number) => ({
  name,
  unit: '/s' as const,
  values: { splice: 100, Sallyport: score * 100 },
  score,
  goal: atLeast(0.9, 'of splice'),
});
const on = (today: string) => ({ today, machine: '2 cores', length: '3 rounds of 5 s' });

test('what is measured now replaces what was, and everything else stays', () => {
  const empty =
    '# Benchmarks\n\nwhy\n\n<!-- measured: written by npm run bench -- --write -->\n<!-- /measured -->\n\n## Limits\n';
  const first = mergePage(empty, [figure('one', 0.5), figure('two', 0.95)], on('2026-01-01'));
  const second = mergePage(first, [figure('one', 0.91)], on('2026-02-02'));
  expect(second).toContain('why');
  expect(second).toContain('## Limits');
  expect(second).toContain(
    '| one | splice 100.0, Sallyport 91.0 /s | 0.910 | at least 0.9 of splice | yes | 2026-02-02 |',
  );
  expect(second).toContain(
    '| two | splice 100.0, Sallyport 95.0 /s | 0.950 | at least 0.9 of splice | yes | 2026-01-01 |',
  );
  expect(second.match(/\| one \|/g)).toHaveLength(1);
  expect(second).toContain('![two](benchmarks/two.svg)');
});
