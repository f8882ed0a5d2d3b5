#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { exitCodes } from './failure.js';
import { launch } from './launch.js';
import { run } from './run.js';
import { readSecret } from './secret-input.js';

// `sally sessions ls | head`: who stops reading has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.ok);
});

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  out: process.stdout,
  err: process.stderr,
  now: Date.now,
  wait: (milliseconds) => setTimeout(milliseconds),
  launch,
  readStdin: () => text(process.stdin),
  readSecret: (prompt) => readSecret(prompt, { input: process.stdin, screen: process.stderr }),
  interrupted: () =>
    new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
    }),
});
