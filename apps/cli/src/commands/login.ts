import type { Command } from 'commander';
import { createRestClient } from '../client.js';
import type { CommandContext } from '../context.js';
import { Failure, exitCodes } from '../failure.js';
import { removeLogin, writeLogin } from '../login-store.js';

export interface Me {
  readonly kind: string;
  readonly name: string;
  readonly role?: string;
}

export function addLogin(program: Command, context: CommandContext): void {
  program
    .command('login')
    .description('keep the address of the control plane and your token for later commands')
    .requiredOption('--url <url>', 'the control plane, e.g. https://sallyport.example.com')
    .option('--token <token>', 'your API token (better: --token-stdin, it stays out of the shell history)')
    .option('--token-stdin', 'read the token from standard input')
    .option('--setup <token>', 'first start: the one-time set-up token; creates the first admin')
    .option('--name <name>', 'with --setup: the name of the first admin')
    .addHelpText(
      'after',
      `
Examples:
  sally login --url https://sallyport.example.com --token-stdin < token.txt
  sally login --url http://127.0.0.1:7080 --setup sps_... --name ada`,
    )
    .action(async (options: LoginOptions) => {
      const token = await tokenFrom(options, context);
      const me = (await createRestClient({ url: options.url, token }).get('/v1/me')) as Me;
      const path = writeLogin(context.env, { url: options.url, token });
      context.output.value(me, () =>
        context.output.line(`Logged in at ${options.url} as ${me.name} (${me.role ?? me.kind}); kept in ${path}.`),
      );
    });

  program
    .command('logout')
    .description('forget the stored login')
    .action(() => {
      removeLogin(context.env);
      context.output.value({ loggedOut: true }, () => context.output.line('Logged out.'));
    });

  program
    .command('whoami')
    .description('say who the control plane takes you for')
    .action(async () => {
      const me = (await context.client().get('/v1/me')) as Me;
      context.output.value(me, () => context.output.line(`${me.name} (${me.role ?? me.kind})`));
    });
}

interface LoginOptions {
  readonly url: string;
  readonly token?: string;
  readonly tokenStdin?: true;
  readonly setup?: string;
  readonly name?: string;
}

async function tokenFrom(options: LoginOptions, context: CommandContext): Promise<string> {
  if (options.setup !== undefined) {
    if (options.name === undefined)
      throw new Failure('--setup needs --name, the name of the first admin', { exitCode: exitCodes.usage });
    const anonymous = createRestClient({ url: options.url, token: '' });
    const { body } = await anonymous.send('POST', '/v1/setup', { token: options.setup, name: options.name });
    return (body as { readonly token: string }).token;
  }
  const token = options.tokenStdin === true ? (await context.readStdin()).trim() : options.token;
  if (token === undefined || token === '')
    throw new Failure('no token given', { hint: 'use --token-stdin or --token', exitCode: exitCodes.usage });
  return token;
}
