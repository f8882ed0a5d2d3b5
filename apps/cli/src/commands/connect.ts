import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { usage } from '../failure.js';
import { parseGate } from '../gate.js';
import { openLocalPort } from '../local-port.js';
import { type TokenSourceOptions, openTokenSource } from '../token-source.js';
import { authoritiesIn, trustSystem } from '../trust.js';

interface ConnectOptions extends TokenSourceOptions {
  readonly gate?: string;
  readonly port: number;
  readonly ca?: string;
  readonly insecure?: true;
  readonly database?: string;
}

export function addConnect(program: Command, context: CommandContext): void {
  program
    .command('connect <connection>')
    .description('open a local port that adds your token, for clients that cannot send one')
    .option('--gate <host:port>', "the proxy's PostgreSQL address (or SALLYPORT_GATE)")
    .option('--port <port>', 'the local port; 0 takes any free one', parsePort, 0)
    .option('--token-env <name>', 'environment variable that holds the token', 'SALLYPORT_TOKEN')
    .option('--token-file <file>', 'file that holds it, read for each connection, so that it may be renewed')
    .option('--token-command <command>', 'shell command that prints it, run for each connection')
    .option('--database <name>', 'only for the lines that are printed')
    .option('--ca <file>', "PEM of the authority of the gate's certificate, instead of the system's")
    .option('--insecure', 'encrypt, but take anybody for the gate (never outside a test)')
    .addHelpText(
      'after',
      `
The way to the gate is TLS, and the gate's certificate must name the host of --gate. The local port takes connections
from this machine alone; but from everybody on it. Ctrl-C ends it and what goes through it.

Examples:
  SALLYPORT_TOKEN=$PGPASSWORD sally connect billing --gate gate.example.com:7432 --port 5433
  sally connect billing --gate gate.example.com:7432 --token-file /var/run/secrets/tokens/sallyport
  psql "host=127.0.0.1 port=5433 dbname=app"   # in another terminal`,
    )
    .action(async (connection: string, options: ConnectOptions) => {
      const address = options.gate ?? context.env['SALLYPORT_GATE'];
      if (address === undefined) throw usage('which gate?', 'give --gate host:port or set SALLYPORT_GATE');
      const gate = parseGate(address);
      const ca = options.ca === undefined ? undefined : authoritiesIn(await context.readText(options.ca)).join('\n');
      if (ca === undefined && options.insecure !== true) trustSystem();
      const local = await openLocalPort({
        port: options.port,
        gate: { ...gate, ca, insecure: options.insecure === true },
        connection,
        token: await openTokenSource(options, context.env),
        note: context.output.note,
      });
      const { port } = local;
      const database = options.database ?? 'DATABASE';
      if (options.insecure === true)
        context.output.note('warning: --insecure: whoever answers at the gate gets your token');
      context.output.value({ host: '127.0.0.1', port, connection, gate: address }, () => {
        context.output.line(`${connection} is at 127.0.0.1:${port} until Ctrl-C`);
        context.output.line(`  psql "host=127.0.0.1 port=${port} dbname=${database} user=${connection}"`);
        context.output.line(`  DATABASE_URL=postgres://${connection}@127.0.0.1:${port}/${database}`);
      });
      await context.interrupted();
      await local.close();
    });
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw usage(`--port ${text} is not a number from 0 to 65535`);
  return Number(text);
}
