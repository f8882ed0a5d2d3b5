import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootDirectory } from '../stack/paths.js';
import { pages } from './pages.js';

test.each(pages)('$path is what the code says (npm run docs)', ({ path, render }) => {
  expect(readFileSync(join(rootDirectory, path), 'utf8')).toBe(render());
});
