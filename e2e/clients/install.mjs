/** Installs the clients that the tests drive and that are not here yet. Says what it does, and what it cannot do. */
import { spawnSync } from 'node:child_process';
import { installLine, missingPackages } from './packages.mjs';

const run = (args) =>
  spawnSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }).status === 0;

const missing = missingPackages();
if (process.env['SALLYPORT_TEST_CLIENTS'] === 'off') console.log('clients: off (SALLYPORT_TEST_CLIENTS)');
else if (missing.length === 0) console.log('clients: all are installed');
else if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0)
  console.log(`clients: not here, and only root can install them on a Debian: ${installLine(missing)}`);
else {
  console.log(`clients: installing ${missing.join(', ')} (Debian's packages; some minutes the first time)`);
  const install = ['install', '-y', '-q', '--no-install-recommends', ...missing];
  // The lists may be old or absent; they are only fetched where something could not be had.
  if (!run(install) && !(run(['update', '-q']) && run(install)))
    console.log(`clients: apt-get failed; the tests of these will say so. By hand: ${installLine(missing)}`);
}
