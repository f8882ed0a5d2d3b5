#!/usr/bin/env node
// Here before anything is built, so that `npm install` can link it: without the link, `npx sally` would ask the public registry for a stranger's package of that name.
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write('sally: it is not built yet\n  npm run build\n');
  process.exitCode = 78;
}
