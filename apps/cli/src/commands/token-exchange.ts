import type { Command } from 'commander';
import { readClaims } from '../claims.js';
import type { CommandContext } from '../context.js';
import { failureOf } from '../device-login.js';
import { usage } from '../failure.js';
import { sayToken } from '../said-token.js';

interface ExchangeOptions {
  readonly actorEnv?: string;
  readonly connections?: string;
  readonly actions?: string;
  readonly budget?: string;
  readonly purpose?: string;
  readonly minutes?: string;
}

const jwtType = 'urn:ietf:params:oauth:token-type:jwt';
const names = (list: string | undefined): readonly string[] | undefined => list?.split(',').map((each) => each.trim());

export function addTokenExchange(token: Command, context: CommandContext): void {
  token
    .command('exchange')
    .description(
      'hand on less than you have: a token for some connections, actions and time, or for a subagent that acts for you',
    )
    .option('--actor-env <name>', 'environment variable with the platform token of the subagent that shall act for you')
    .option('--connections <names>', 'only these, with commas between them')
    .option('--actions <names>', 'only these actions or action groups')
    .option('--budget <limits>', 'at most so much, e.g. rows=1000/1h,writes=10/1h')
    .option('--purpose <text>', 'one line for approvers and evidence')
    .option('--minutes <n>', 'how long at the most; never longer than what you have')
    .addHelpText(
      'after',
      `
The token that is handed on is that of your login, or SALLYPORT_TOKEN: a subagent's platform token does as well. What it
gives never reaches further than the one it is asked with, and ends with it.

Examples:
  PGPASSWORD=$(sally token exchange --connections billing --actions read --minutes 15)
  PGPASSWORD=$(sally token exchange --actor-env CI_TOKEN --connections billing --purpose 'Invoices of May')`,
    )
    .action(async (options: ExchangeOptions) => {
      const { actorEnv, budget, purpose, minutes } = options;
      if (minutes !== undefined && !/^[1-9]\d?$/.test(minutes))
        throw usage(`--minutes ${minutes} is not a number from 1 to 99`, 'tokens live for an hour at the longest');
      const actor = actorEnv === undefined ? undefined : context.env[actorEnv];
      if (actorEnv !== undefined && (actor === undefined || actor === ''))
        throw usage(`${actorEnv} holds no token`, 'put the token of the subagent’s platform there');
      const client = context.client();
      const answer = await client.form('/oauth/token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        ...{ subject_token: await client.token(), subject_token_type: jwtType },
        ...(actor === undefined ? {} : { actor_token: actor, actor_token_type: jwtType }),
        authorization_details: detailsOf(options),
        ...{ budget, purpose, expires_in: minutes === undefined ? undefined : String(Number(minutes) * 60) },
      });
      if (answer.status !== 200) throw failureOf(answer);
      const { access_token: issued, expires_in: expiresIn } = answer.body as Readonly<Record<string, unknown>>;
      sayToken(context.output, { token: String(issued), expiresIn });
    });

  token
    .command('inspect')
    .description('show what a token says, and whether it is good now')
    .option('--token-env <name>', 'environment variable that holds it; by default that of your login')
    .option('--offline', 'do not ask the control plane: nothing is verified')
    .addHelpText(
      'after',
      '\nExamples:\n  sally token inspect\n  sally token inspect --token-env PGPASSWORD\n  sally token inspect --token-env PGPASSWORD --offline',
    )
    .action(async ({ tokenEnv, offline }: { readonly tokenEnv?: string; readonly offline?: true }) => {
      const given = tokenEnv === undefined ? await context.client().token() : context.env[tokenEnv];
      if (given === undefined || given === '') throw usage(`${tokenEnv ?? ''} holds no token`);
      const said = offline === true ? undefined : await introspected(context, given);
      const claims = readClaims(given)?.all ?? {};
      context.output.value({ ...(said === undefined ? {} : { active: said['active'] === true }), claims }, () => {
        if (said !== undefined)
          context.output.line(said['active'] === true ? 'good now' : 'not good: none of ours, ended or taken back');
        else context.output.line('not verified');
        for (const [name, value] of Object.entries(claims)) context.output.line(`${name}: ${shown(name, value)}`);
      });
    });
}

async function introspected(context: CommandContext, token: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await context.client().form('/oauth/introspect', { token });
  if (answer.status !== 200) throw failureOf(answer);
  return answer.body as Readonly<Record<string, unknown>>;
}

const shown = (name: string, value: unknown): string =>
  (name === 'exp' || name === 'iat' || name === 'nbf') && typeof value === 'number' && Math.abs(value) < 8e12
    ? new Date(value * 1000).toISOString()
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);

function detailsOf({ connections, actions }: ExchangeOptions): string | undefined {
  if (connections === undefined && actions === undefined) return undefined;
  const entry = { type: 'sallyport_connection', connections: names(connections), actions: names(actions) };
  return JSON.stringify([entry]);
}
