#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CommanderError } from 'commander';
import { type RestClient, createRestClient } from './client.js';
import type { CommandContext } from './context.js';
import { Failure, exitCodes } from './failure.js';
import { readLogin } from './login-store.js';
import { createOutput } from './output.js';
import { createProgram } from './program.js';

let client: RestClient | undefined;

const context: CommandContext = {
  env: process.env,
  output: createOutput(process.argv.includes('--json'), { out: process.stdout, err: process.stderr }),
  client: () => (client ??= createRestClient(readLogin(process.env))),
  readText: async (path) => {
    try {
      return await readFile(path, 'utf8');
    } catch {
      throw new Failure(`cannot read ${path}`, { exitCode: exitCodes.usage });
    }
  },
  readStdin: () => text(process.stdin),
  interrupted: () =>
    new Promise((resolve) => {
      process.once('SIGINT', resolve);
      process.once('SIGTERM', resolve);
    }),
};

const program = createProgram(context);
for (const command of [program, ...program.commands, ...program.commands.flatMap((inner) => inner.commands)])
  command.exitOverride();

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  } else if (error instanceof Failure) {
    process.stderr.write(`sally: ${error.message}\n${error.hint === undefined ? '' : `  ${error.hint}\n`}`);
    process.exitCode = error.exitCode;
  } else {
    throw error;
  }
}
