import { resolve } from 'node:path';
import tls from 'node:tls';
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { type GateOptions, addGateOptions, requireGate } from '../gate-options.js';
import { openPrivateDirectory } from '../private-directory.js';
import type { Place } from '../ready-lines.js';
import { renewToken, tellEnd } from '../renewal.js';
import { passFileLine, runEnvironment } from '../run-environment.js';
import { openTokenSource } from '../token-source.js';

interface RunOptions extends GateOptions {
  readonly database?: string;
  readonly databaseUrl?: true;
  readonly inlineToken?: true;
}

export function addRun(program: Command, context: CommandContext): void {
  addGateOptions(
    program
      .command('run')
      .description('run a program that finds the connection in its environment, and your token, renewed, in a file')
      .argument('<connection>', 'the connection')
      .argument('<program>', 'what to run; -- before it keeps its options its own')
      .argument('[arguments...]', 'its arguments')
      .option('--database <name>', 'the database, by default that of the connection')
      .option('--database-url', 'set DATABASE_URL as well')
      .option('--inline-token', 'put the token into PGPASSWORD and DATABASE_URL, too; it is not renewed there'),
  )
    .addHelpText(
      'after',
      `
The program gets PGHOST, PGPORT, PGUSER, PGDATABASE, PGSSLMODE, PGSSLROOTCERT and PGPASSFILE, which libpq and most
drivers read. The password file is readable by you alone, is written anew whenever --token-file or --token-command gives
another token, before the old one ends, and is removed when the program ends. The token is in no argument, and in no
variable unless you say --inline-token. Signals are handed on; the exit code is that of the program.

Programs that read no password file (pg 9 of Node will not) need --inline-token.
A session that is open keeps the token that it was opened with: programs that run longer must connect again.

Examples:
  sally run billing --gate gate.example.com:7432 --token-file /var/run/secrets/tokens/sallyport -- psql -c 'select 1'
  sally run billing --token-command 'sally token --issuer https://idp.example.com --client-id etl --audience https://gate.example.com' -- ./etl.py
  sally run billing --database app --database-url -- npx prisma db pull`,
    )
    .action(async (connection: string, name: string, args: readonly string[], options: RunOptions) => {
      const gate = await requireGate(options, context);
      const source = await openTokenSource(options, context.env);
      const token = await source();
      const files = openPrivateDirectory(context.env);
      const place: Place = {
        host: gate.host,
        port: gate.port,
        user: connection,
        database: options.database ?? connection,
        sslmode: gate.insecure ? 'require' : 'verify-full',
      };
      const keep = (next: string): string => files.write('pgpass', passFileLine(place, next));
      const renews = options.tokenFile !== undefined || options.tokenCommand !== undefined;
      const life = { token, now: context.now, note: context.output.note, after };
      const stop = renews ? renewToken({ ...life, source, renewed: keep }) : tellEnd(life);
      try {
        const env = runEnvironment({
          env: context.env,
          place,
          passFile: keep(token),
          authorities: gate.insecure
            ? undefined
            : options.ca === undefined
              ? files.write('authorities.pem', tls.getCACertificates('default').join('\n'))
              : resolve(options.ca),
          databaseUrl: options.databaseUrl === true,
          inlineToken: options.inlineToken === true ? token : undefined,
        });
        context.endWith(await context.launch({ program: name, args, env }));
      } finally {
        stop();
        files.remove();
      }
    });
}

function after(milliseconds: number, act: () => void): () => void {
  const timer = setTimeout(act, milliseconds);
  return () => clearTimeout(timer);
}
