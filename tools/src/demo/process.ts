import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { rootDirectory } from '../stack/paths.js';

/** The demo as a person starts it, in a process group of its own, as a terminal would have it. */
export interface DemoProcess {
  readonly child: ChildProcess;
  /** Everything that it said so far. */
  readonly screen: () => string;
  readonly exitCode: Promise<number | null>;
  /** As a terminal does it: to the whole process group. */
  interrupt(signal: NodeJS.Signals): void;
}

export function startDemo(args: readonly string[], env: Readonly<Record<string, string>> = {}): DemoProcess {
  const child = spawn(process.execPath, [join(rootDirectory, 'tools/demo.mjs'), ...args], {
    cwd: rootDirectory,
    env: {
      ...process.env,
      // As `npm run` has it.
      PATH: `${join(rootDirectory, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let screen = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (screen += chunk));
  return {
    child,
    screen: () => screen,
    exitCode: new Promise((resolve) => child.once('close', resolve)),
    interrupt: (signal) => process.kill(-(child.pid ?? 0), signal),
  };
}
