import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';

/** `npm run demo`: says what it does, builds what changed without a word, and plays. Plain JavaScript: nothing is built yet. */
const help = `Runs the whole of Sallyport on this machine's loopback: control plane, proxy, agent, an identity provider and a target.

  npm run demo             sets it up, tells you what to paste, stays until Ctrl-C
  npm run demo -- --once   plays the guided scenario by itself and exits 0 only if all of it held
  npm run demo -- --built  starts what was built last, without a look at what changed since

It listens on 7080 (REST), 7081 and 7082 (gRPC), 7432 (PostgreSQL) and 7433 (tunnels), or on any free port where one of
these is taken. Nothing is left behind: data, logs and keys live in a temporary directory that goes when the demo ends.
Exit codes: 0 done, 1 failed, 64 wrong usage, 130 interrupted before it was ready.`;

/** What a person may ask for, or why not. */
function readArguments() {
  try {
    return parseArgs({
      options: { once: { type: 'boolean' }, built: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    process.stderr.write(`demo: ${error.message}\n\n${help}\n`);
    process.exit(64);
  }
}

/** Its noise is kept, and shown when it fails. */
async function build() {
  const nx = spawn('nx', ['run-many', '-t', 'build', '--outputStyle=static'], {
    cwd: new URL('..', import.meta.url),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  let interrupted = false;
  const onSignal = () => {
    interrupted = true;
    nx.kill('SIGTERM');
  };
  for (const signal of signals) process.on(signal, onSignal);
  let noise = '';
  for (const stream of [nx.stdout, nx.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (noise += chunk));
  const [code] = await once(nx, 'close').catch((error) => {
    noise += `${error.message}: run \`npm install\` first, and start the demo with \`npm run demo\`\n`;
    return [1];
  });
  for (const signal of signals) process.off(signal, onSignal);
  if (interrupted) process.exit(130);
  if (code !== 0) {
    process.stderr.write(`${noise}\ndemo: it does not build; what stands above says why\n`);
    process.exit(1);
  }
}

const { help: wantsHelp, once: plays = false, built = false } = readArguments();
if (wantsHelp) {
  process.stdout.write(`${help}\n`);
} else {
  const started = performance.now();
  if (!built) {
    process.stdout.write('[  0.0 s] building\n');
    await build();
  }
  const { runDemo } = await import('./dist/demo/main.js');
  await runDemo({ once: plays, started });
}
