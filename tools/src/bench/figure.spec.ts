import { describe, expect, test } from '@jest/globals';
import { drawChart } from './chart.js';
import { atLeast, atMost, fromCores, isAsked, isMet, median, quantile, rowOf } from './figure.js';
import type { Figure } from './figure.js';

const figure = (more: Partial<Figure>): Figure => ({
  name: 'SELECT by key',
  unit: '/s',
  values: { direct: 14_056, splice: 5_991.4, Sallyport: 5_500 },
  score: 0.918,
  goal: atLeast(0.9, 'of splice'),
  ...more,
});

describe('figures', () => {
  test.each([
    ['at least, reached', figure({}), true],
    ['at least, missed', figure({ score: 0.89 }), false],
    ['at most, reached', figure({ goal: atMost(1.1, 'of splice'), score: 1.1 }), true],
    ['at most, missed', figure({ goal: atMost(1.1, 'of splice'), score: 1.2 }), false],
    ['not measured', figure({ score: NaN }), false],
  ])('%s', (_, given, met) => expect(isMet(given)).toBe(met));

  test('a row of the table', () => {
    expect(rowOf(figure({}), '2026-01-01')).toBe(
      '| SELECT by key | direct 14056, splice 5991, Sallyport 5500 /s | 0.918 | at least 0.9 of splice | yes | 2026-01-01 |',
    );
  });

  test('a goal that this machine cannot be asked for is told as such, whatever the score', () => {
    const here = (cores: number): Figure => figure({ goal: fromCores(4, cores, atLeast(0.9, 'of splice')) });
    expect([isAsked(here(3)), isAsked(here(4))]).toEqual([false, true]);
    expect(rowOf(here(3), '2026-01-01')).toMatch(
      /\| 0.918 \| at least 0.9 of splice \| not asked of 3 cores \| 2026-01-01 \|$/,
    );
    expect(rowOf(here(4), '2026-01-01')).toMatch(/\| yes \| 2026-01-01 \|$/);
  });

  test('quantiles', () => {
    expect([median([3, 1, 2]), quantile([1, 2, 3, 4], 0.99), quantile([], 0.5)]).toEqual([2, 4, NaN]);
  });

  test('a chart names everything that it shows', () => {
    const svg = drawChart(figure({ name: 'a <b> & "c"' }));
    for (const part of ['a &lt;b&gt; &amp; &quot;c&quot;', 'direct', 'splice', 'Sallyport', '5991'])
      expect(svg).toContain(part);
    expect(svg).not.toContain('NaN');
  });
});
