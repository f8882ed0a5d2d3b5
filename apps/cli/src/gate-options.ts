import type { Command } from 'commander';
import type { CommandContext } from './context.js';
import { usage } from './failure.js';
import type { Gate } from './gate.js';
import { parseGate } from './gate.js';
import type { TokenSourceOptions } from './token-source.js';
import { authoritiesIn, trustSystem } from './trust.js';

/** Where the gate is, whom we take for it, and where the token comes from: alike for all that go there. */
export interface GateOptions extends TokenSourceOptions {
  readonly gate?: string;
  readonly ca?: string;
  readonly insecure?: true;
}

export const addGateOptions = (command: Command): Command =>
  command
    .option('--gate <host:port>', "the proxy's PostgreSQL address (or SALLYPORT_GATE)")
    .option('--token-env <name>', 'environment variable that holds the token', 'SALLYPORT_TOKEN')
    .option('--token-file <file>', 'file that holds it, read anew when it is needed, so that it may be renewed')
    .option('--token-command <command>', 'shell command that prints it, run anew when it is needed')
    .option('--ca <file>', "PEM of the authority of the gate's certificate, instead of the system's")
    .option('--insecure', 'encrypt, but take anybody for the gate (never outside a test)');

/** `undefined`: none was named. */
export async function readGate(
  options: GateOptions,
  { env, readText }: Pick<CommandContext, 'env' | 'readText'>,
): Promise<Gate | undefined> {
  const address = options.gate ?? env['SALLYPORT_GATE'];
  if (address === undefined || address === '') return undefined;
  const ca = options.ca === undefined ? undefined : authoritiesIn(await readText(options.ca)).join('\n');
  if (ca === undefined && options.insecure !== true) trustSystem();
  return { ...parseGate(address), ca, insecure: options.insecure === true };
}

/** @throws Failure where none was named */
export async function requireGate(
  options: GateOptions,
  context: Pick<CommandContext, 'env' | 'readText'>,
): Promise<Gate> {
  const gate = await readGate(options, context);
  if (gate === undefined) throw usage('which gate?', 'give --gate host:port or set SALLYPORT_GATE');
  return gate;
}
