import type { AddressInfo } from 'node:net';
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { Failure, exitCodes } from '../failure.js';
import { parseGate } from '../gate.js';
import { openLocalPort } from '../local-port.js';

interface ConnectOptions {
  readonly gate?: string;
  readonly port: string;
  readonly tokenEnv: string;
  readonly ca?: string;
  readonly insecure?: true;
  readonly database: string;
}

export function addConnect(program: Command, context: CommandContext): void {
  program
    .command('connect <connection>')
    .description('open a local port that adds your token, for clients that cannot send one')
    .option('--gate <host:port>', "the proxy's PostgreSQL address (or SALLYPORT_GATE)")
    .option('--port <port>', 'the local port; 0 takes any free one', '0')
    .option('--token-env <name>', 'environment variable that holds the token', 'SALLYPORT_TOKEN')
    .option('--database <name>', 'only for the lines that are printed', 'app')
    .option('--ca <file>', "PEM of the authority of the gate's certificate")
    .option('--insecure', 'encrypt, but take anybody for the gate (never outside a test)')
    .addHelpText(
      'after',
      `
Examples:
  SALLYPORT_TOKEN=$(sally token ...) sally connect billing --gate gate.example.com:7432 --port 5433
  psql "host=127.0.0.1 port=5433 dbname=app"`,
    )
    .action(async (connection: string, options: ConnectOptions) => {
      const address = options.gate ?? context.env['SALLYPORT_GATE'];
      if (address === undefined)
        throw new Failure('which gate?', {
          hint: 'give --gate host:port or set SALLYPORT_GATE',
          exitCode: exitCodes.usage,
        });
      const token = context.env[options.tokenEnv];
      if (token === undefined || token === '')
        throw new Failure(`${options.tokenEnv} holds no token`, {
          hint: 'put your token there, e.g. from `sally token`',
          exitCode: exitCodes.usage,
        });
      const server = await openLocalPort({
        port: Number(options.port),
        gate: {
          ...parseGate(address),
          ca: options.ca === undefined ? undefined : await context.readText(options.ca),
          insecure: options.insecure === true,
        },
        connection,
        token: () => Promise.resolve(token),
        note: context.output.note,
      });
      const { port } = server.address() as AddressInfo;
      context.output.value({ host: '127.0.0.1', port, connection }, () => {
        context.output.line(`${connection} is at 127.0.0.1:${port} until Ctrl-C`);
        context.output.line(`  psql "host=127.0.0.1 port=${port} dbname=${options.database} user=${connection}"`);
        context.output.line(`  DATABASE_URL=postgres://${connection}@127.0.0.1:${port}/${options.database}`);
      });
      await context.interrupted();
      server.close();
    });
}
