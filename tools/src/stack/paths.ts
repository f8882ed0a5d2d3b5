import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root, from tools/dist/stack or tools/src/stack alike. */
export const rootDirectory = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** The built entry of one of our programs. */
export const entries = {
  'control-plane': join(rootDirectory, 'apps/control-plane/dist/main.js'),
  proxy: join(rootDirectory, 'apps/proxy/dist/main.js'),
  agent: join(rootDirectory, 'apps/agent/dist/main.js'),
  sally: join(rootDirectory, 'apps/cli/dist/main.js'),
  'identity-provider': join(rootDirectory, 'tools/dist/stack/identity-provider.main.js'),
} as const;
