import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { usage } from '../failure.js';
import { type GateOptions, addGateOptions, requireGate } from '../gate-options.js';
import { openLocalPort } from '../local-port.js';
import { type Place, readyLines } from '../ready-lines.js';
import { openTokenSource } from '../token-source.js';

interface ConnectOptions extends GateOptions {
  readonly port: number;
  readonly database?: string;
  readonly direct?: true;
}

export function addConnect(program: Command, context: CommandContext): void {
  addGateOptions(
    program
      .command('connect <connection>')
      .description('open a local port that adds your token, for clients that cannot send one; print ready lines')
      .option('--port <port>', 'the local port; 0 takes any free one', parsePort, 0)
      .option('--database <name>', 'for the lines that are printed; by default that of the connection')
      .option('--direct', 'open no port: print the lines for the gate itself, with the token as password'),
  )
    .addHelpText(
      'after',
      `
The way to the gate is TLS, and the gate's certificate must name the host of --gate. The local port takes connections
from this machine alone; but from everybody on it. The token is asked for at each connection, so that it may be renewed.
Ctrl-C ends it and what goes through it.

Examples:
  SALLYPORT_TOKEN=$PGPASSWORD sally connect billing --gate gate.example.com:7432 --port 5433
  sally connect billing --gate gate.example.com:7432 --token-file /var/run/secrets/tokens/sallyport
  psql "host=127.0.0.1 port=5433 dbname=app"   # in another terminal
  sally connect billing --gate gate.example.com:7432 --direct   # lines for psql, drivers, the environment`,
    )
    .action(async (connection: string, options: ConnectOptions) => {
      const gate = await requireGate(options, context);
      const { host, port } = gate;
      const database = options.database ?? connection;
      const named = `${host.includes(':') ? `[${host}]` : host}:${port}`;
      if (options.direct === true) {
        const place: Place = {
          ...{ host, port, database },
          user: connection,
          sslmode: gate.insecure ? 'require' : 'verify-full',
          authorities: options.ca ?? 'system',
        };
        return tell(
          context,
          place,
          { gate: named, connection },
          `${connection} is at ${named}; the token is the password`,
        );
      }
      const token = await openTokenSource(options, context.env);
      const local = await openLocalPort({ port: options.port, gate, connection, token, note: context.output.note });
      if (gate.insecure) context.output.note('warning: --insecure: whoever answers at the gate gets your token');
      const place: Place = { host: '127.0.0.1', port: local.port, user: connection, database, sslmode: 'disable' };
      tell(context, place, { gate: named, connection }, `${connection} is at 127.0.0.1:${local.port} until Ctrl-C`);
      await context.interrupted();
      await local.close();
    });
}

function tell(
  { output }: CommandContext,
  place: Place,
  about: { readonly gate: string; readonly connection: string },
  headline: string,
): void {
  const lines = readyLines(place);
  output.value({ host: place.host, port: place.port, ...about, lines }, () => {
    output.line(headline);
    const width = Math.max(...lines.map((each) => each.for.length));
    for (const each of lines) output.line(`  ${each.for.padEnd(width)}  ${each.line}`);
  });
}

function parsePort(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw usage(`--port ${text} is not a number from 0 to 65535`);
  return Number(text);
}
