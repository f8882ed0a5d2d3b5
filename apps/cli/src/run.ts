import { readFile } from 'node:fs/promises';
import { types } from 'node:util';
import { CommanderError } from 'commander';
import { causeOf } from './cause.js';
import type { RestClient } from './client.js';
import type { CommandContext } from './context.js';
import { Failure, exitCodes, usage } from './failure.js';
import { clientOfLogin } from './login-renewal.js';
import { type Streams, createOutput } from './output.js';
import { createProgram } from './program.js';
import { trustAlso } from './trust.js';

/** What a process has and a test brings: an environment, streams, a person. */
export interface World
  extends
    Streams,
    Pick<CommandContext, 'env' | 'now' | 'wait' | 'readStdin' | 'readSecret' | 'interrupted' | 'launch'> {}

/** One call of `sally`; its exit code. */
export async function run(args: readonly string[], world: World): Promise<number> {
  const { env } = world;
  let client: RestClient | undefined;
  let wantsJson = false;
  let exitCode: number = exitCodes.ok;
  const context: CommandContext = {
    ...world,
    output: createOutput(() => wantsJson, world),
    client: () => (client ??= clientOfLogin(world)),
    readText,
    trust: trustAlso,
    endWith: (code) => (exitCode = code),
  };
  try {
    const program = createProgram(context, {
      out: world.out,
      // Help that nobody asked for would stand before the one JSON document.
      err: { write: (text) => (wantsJson ? undefined : world.err.write(text)) },
    });
    program.on('option:json', () => (wantsJson = true));
    const authority = env['SALLYPORT_CA'];
    if (authority !== undefined && authority !== '') trustAlso(await readText(authority));
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    const failure = toFailure(error);
    if (failure === undefined) return exitCodes.ok;
    context.output.failure(failure);
    return failure.exitCode;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw usage(`cannot read ${path}: ${causeOf(cause).reason}`, 'check the name and the permissions');
  }
}

/** `undefined`: help was asked for and shown. */
function toFailure(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    if (error.code === 'commander.help') return usage('which command?', 'they are listed above');
    return usage(error.message.replace(/^error: /, ''));
  }
  return new Failure(`something that should not happen: ${causeOf(error).reason}`, {
    details: types.isNativeError(error) ? (error.stack ?? '').split('\n').slice(1) : [],
    hint: 'please report it with what stands above',
    exitCode: exitCodes.internal,
  });
}
