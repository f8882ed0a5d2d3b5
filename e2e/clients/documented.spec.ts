import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lines } from './place.js';

const page = readFileSync(fileURLToPath(new URL('../../docs/clients.md', import.meta.url)), 'utf8');

test.each(Object.entries(lines))('docs/clients.md shows the line that is connected with: %s', (_name, line) => {
  const documented = line({
    host: 'gate.example.com',
    port: 7432,
    user: 'billing',
    password: '$TOKEN',
    database: 'app',
    ca: '/etc/ssl/gate.pem',
  });
  expect(page.split('\n')).toContain(documented);
});
