import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootDirectory } from '../stack/paths.js';
import { pages } from './pages.js';

for (const { path, render } of pages) {
  writeFileSync(join(rootDirectory, path), render());
  process.stdout.write(`${path}\n`);
}
