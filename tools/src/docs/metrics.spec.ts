import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { rootDirectory } from '../stack/paths.js';

const metricsOf = (program: string): readonly string[] => {
  const source = join(rootDirectory, 'apps', program, 'src');
  const texts = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => readFileSync(join(source, name), 'utf8'));
  return texts.flatMap((text) =>
    [...text.matchAll(/metrics\s*\.(?:gauge|counter)\(\s*'(\w+)'/g)].map(([, name]) => name ?? ''),
  );
};

test.each(['proxy', 'agent'])('every metric of the %s is explained in docs/operations.md', (program) => {
  const page = readFileSync(join(rootDirectory, 'docs/operations.md'), 'utf8');
  const metrics = metricsOf(program);
  expect(metrics.length).toBeGreaterThan(5);
  expect(metrics.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
