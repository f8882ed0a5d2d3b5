import { Option } from 'commander';
import type { Command } from 'commander';
import { fetchToken } from '../client-credentials.js';
import type { CommandContext } from '../context.js';
import { usage } from '../failure.js';
import { sayToken } from '../said-token.js';
import { addTokenExchange } from './token-exchange.js';

interface TokenOptions {
  readonly issuer?: string;
  readonly clientId?: string;
  readonly clientSecretEnv: string;
  readonly clientSecretFile?: string;
  readonly audience?: string;
  readonly audienceParameter: string;
  readonly scope?: string;
}

export function addToken(program: Command, context: CommandContext): void {
  const token = program
    .command('token')
    .description("print a subagent's token from its own identity provider (OAuth 2.0 client credentials), for scripts")
    .option('--issuer <url>', 'the identity provider')
    .option('--client-id <id>', 'the client that the subagent is registered as there')
    .option('--client-secret-env <name>', 'environment variable that holds its secret', 'CLIENT_SECRET')
    .option('--client-secret-file <file>', 'file that holds its secret, instead')
    .option('--audience <uri>', 'whom the token is for')
    .addOption(
      new Option('--audience-parameter <name>', 'how the provider wants to be told that (RFC 8707, or older)')
        .choices(['resource', 'audience'])
        .default('resource'),
    )
    .option('--scope <scope>', 'the scope to ask for, where the provider goes by that')
    .addHelpText(
      'after',
      `
Examples:
  export PGPASSWORD=$(sally token --issuer https://idp.example.com --client-id etl --audience https://gate.example.com)
  psql "host=gate.example.com port=7432 user=billing dbname=app sslmode=verify-full sslrootcert=system"
  sally token --issuer https://idp.example.com --client-id etl --client-secret-file /run/secrets/etl --audience https://gate.example.com`,
    )
    .action(async (options: TokenOptions) => {
      const { issuer, clientId, audience, audienceParameter, scope } = options;
      // Not demanded by the parser, which would demand them of `token exchange` as well.
      if (issuer === undefined || clientId === undefined)
        throw usage(`required option '${issuer === undefined ? '--issuer <url>' : '--client-id <id>'}' not specified`);
      const issued = await fetchToken({
        issuer,
        clientId,
        clientSecret: await secretOf(options, context),
        parameters: {
          ...(audience === undefined ? {} : { [audienceParameter]: audience }),
          ...(scope === undefined ? {} : { scope }),
        },
      });
      sayToken(context.output, issued);
    });
  addTokenExchange(token, context);
}

async function secretOf({ clientSecretEnv, clientSecretFile }: TokenOptions, context: CommandContext): Promise<string> {
  const secret =
    clientSecretFile === undefined
      ? context.env[clientSecretEnv]
      : (await context.readText(clientSecretFile)).replace(/\r?\n$/, '');
  if (secret === undefined || secret === '')
    throw usage(
      clientSecretFile === undefined ? `${clientSecretEnv} is not set` : `${clientSecretFile} is empty`,
      'put the client secret there, or say where it is with --client-secret-env or --client-secret-file',
    );
  return secret;
}
