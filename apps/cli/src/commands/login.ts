import type { Command } from 'commander';
import { createRestClient } from '../client.js';
import type { CommandContext } from '../context.js';
import { logInByCode } from '../device-login.js';
import { Failure, exitCodes, usage } from '../failure.js';
import { type Login, readLogin, removeLogin, writeLogin } from '../login-store.js';
import { trustAlso } from '../trust.js';

interface Me {
  readonly kind: string;
  readonly name: string;
  readonly role?: string;
}

interface LoginOptions {
  readonly url: string;
  readonly ca?: string;
  readonly device?: true;
  readonly setup?: true;
  readonly name?: string;
}

export function addLogin(program: Command, context: CommandContext): void {
  program
    .command('login')
    .description('keep the address of the control plane and your token for later commands')
    .requiredOption('--url <url>', 'the control plane, e.g. https://sallyport.example.com')
    .option('--ca <file>', 'PEM of the authority of its certificate, where the system does not know it')
    .option(
      '--device',
      'show a code that you confirm in a browser, on any machine; for ssh, and wherever no token is at hand',
    )
    .option('--setup', 'first start: the token is the one-time set-up token; it makes the first admin')
    .option('--name <name>', 'with --setup: the name of the first admin')
    .addHelpText(
      'after',
      `
The token is asked for and not shown, or read from standard input. It is never an argument: those can be seen by
everybody on the machine. With --device there is none to type: the login renews itself until it ends, and "sally logins ls"
lists it.

Examples:
  sally login --url https://sallyport.example.com --device
  sally login --url https://sallyport.example.com
  sally login --url https://sallyport.example.com --ca authority.pem < token.txt
  sally login --url http://127.0.0.1:7080 --setup --name ada < setup-token.txt`,
    )
    .action(async (options: LoginOptions) => {
      const ca = options.ca === undefined ? undefined : await context.readText(options.ca);
      if (ca !== undefined) context.trust(ca);
      const { token, ...rest } = await tokensFrom(options, context);
      const me = (await createRestClient({ url: options.url, token }).get('/v1/me')) as Me;
      const path = writeLogin(context.env, { url: options.url, token, ...rest, ...(ca === undefined ? {} : { ca }) });
      context.output.value(me, () =>
        context.output.line(`Logged in at ${options.url} as ${me.name} (${me.role ?? me.kind}); kept in ${path}.`),
      );
    });

  program
    .command('logout')
    .description(
      'forget the stored login, and end it where it was made with --device; an API token lives until it is revoked',
    )
    .addHelpText('after', '\nExamples:\n  sally logout')
    .action(async () => {
      await endLogin(context);
      removeLogin(context.env);
      context.output.value({ loggedOut: true }, () => context.output.line('Logged out.'));
    });

  program
    .command('whoami')
    .description('say who the control plane takes you for')
    .addHelpText('after', '\nExamples:\n  sally whoami\n  SALLYPORT_TOKEN=$PGPASSWORD sally whoami   # as a subagent')
    .action(async () => {
      const me = (await context.client().get('/v1/me')) as Me;
      context.output.value(me, () => context.output.line(`${me.name} (${me.role ?? me.kind})`));
    });
}

/** Forgotten in any case; what could not be ended is told. */
async function endLogin({ env, output }: CommandContext): Promise<void> {
  try {
    const { url, ca, refreshToken } = readLogin({ ...env, SALLYPORT_URL: undefined, SALLYPORT_TOKEN: undefined });
    if (refreshToken === undefined) return;
    if (ca !== undefined) trustAlso(ca);
    const { status } = await createRestClient({ url, token: '' }).form('/oauth/revoke', { token: refreshToken });
    if (status !== 200)
      output.note(`the control plane did not end the login (${status}): \`sally logins revoke\` does`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.exitCode === exitCodes.unavailable)
      output.note(`the login could not be ended at the control plane: ${error.message}`);
  }
}

async function tokensFrom(options: LoginOptions, context: CommandContext): Promise<Omit<Login, 'url' | 'ca'>> {
  const { url, device, setup } = options;
  if (device !== true) return { token: await tokenFrom(options, context) };
  if (setup === true) throw usage('--device and --setup are both given', 'the first admin has no browser login yet');
  const { now, wait, output } = context;
  return logInByCode(url, { now, wait, note: (text) => output.note(text) });
}

async function tokenFrom({ url, setup, name }: LoginOptions, context: CommandContext): Promise<string> {
  if (setup !== true && name !== undefined)
    throw usage('--name goes with --setup', 'leave it out: the token says who you are');
  if (setup === true && name === undefined) throw usage('--setup needs --name, the name of the first admin');
  // Checked first: nobody should type a secret for an address that it cannot be sent to.
  const anonymous = createRestClient({ url, token: '' });
  const given = await context.readSecret(setup === true ? 'Set-up token: ' : 'Token: ');
  if (given === '') throw usage('no token given', 'type it, or pipe it in: sally login --url ... < token.txt');
  if (!/^[\x21-\x7e]+$/.test(given)) throw usage('that is no token: it holds blanks or other signs', 'is it one line?');
  if (setup !== true) return given;
  const { body } = await anonymous.send('POST', '/v1/setup', { token: given, name });
  return (body as { readonly token: string }).token;
}
