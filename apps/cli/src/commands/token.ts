import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { Failure, exitCodes } from '../failure.js';

interface TokenOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecretEnv: string;
  readonly audience: string;
}

export function addToken(program: Command, context: CommandContext): void {
  program
    .command('token')
    .description("print a subagent's token from its own identity provider (OAuth 2.0 client credentials), for scripts")
    .requiredOption('--issuer <url>', 'the identity provider')
    .requiredOption('--client-id <id>', 'the client that the subagent is registered as there')
    .option('--client-secret-env <name>', 'environment variable that holds its secret', 'CLIENT_SECRET')
    .option('--audience <uri>', 'whom the token is for', 'sallyport')
    .addHelpText(
      'after',
      `
Examples:
  export PGPASSWORD=$(sally token --issuer https://idp.example.com --client-id etl --audience https://gate.example.com)
  psql "host=gate.example.com user=billing dbname=app sslmode=require"`,
    )
    .action(async (options: TokenOptions) => {
      const token = await fetchToken(options, context.env);
      context.output.value({ token }, () => context.output.line(token));
    });
}

/** OIDC discovery, then RFC 6749 section 4.4 with a resource indicator (RFC 8707). */
export async function fetchToken(options: TokenOptions, env: NodeJS.ProcessEnv): Promise<string> {
  const secret = env[options.clientSecretEnv];
  if (secret === undefined)
    throw new Failure(`${options.clientSecretEnv} is not set`, {
      hint: 'put the client secret there, or name another variable with --client-secret-env',
      exitCode: exitCodes.usage,
    });
  const discovery = new URL('.well-known/openid-configuration', `${options.issuer.replace(/\/$/, '')}/`);
  const metadata = (await readJson(discovery)) as { readonly token_endpoint?: string };
  if (metadata.token_endpoint === undefined) throw new Failure(`${discovery} names no token endpoint`);
  const basic = `${encodeURIComponent(options.clientId)}:${encodeURIComponent(secret)}`;
  const answer = (await readJson(new URL(metadata.token_endpoint), {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: options.audience }),
  })) as { readonly access_token?: string; readonly error?: string; readonly error_description?: string };
  if (answer.access_token === undefined)
    throw new Failure(
      `the identity provider gave no token: ${answer.error_description ?? answer.error ?? 'no reason'}`,
      {
        exitCode: exitCodes.denied,
      },
    );
  return answer.access_token;
}

async function readJson(url: URL, init: RequestInit = {}): Promise<unknown> {
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(10_000) });
    return await response.json();
  } catch {
    throw new Failure(`cannot read ${url}`, {
      hint: 'is the identity provider up, and does it speak OIDC?',
      exitCode: exitCodes.unavailable,
    });
  }
}
