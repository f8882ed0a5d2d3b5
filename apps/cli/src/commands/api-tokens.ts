import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { usage } from '../failure.js';
import { parseLimit, readPages } from '../page.js';
import { sayToken } from '../said-token.js';

interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly user: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
}

export function addApiTokens(program: Command, context: CommandContext): void {
  const tokens = program.command('api-tokens').description('tokens with which people and their scripts use REST');

  tokens
    .command('create')
    .description('make one; it is shown once')
    .requiredOption('--name <text>', 'what it is for')
    .option('--user <name>', 'admins: whose token it is; by default your own')
    .option('--days <n>', 'how long it lives; by default until it is revoked')
    .addHelpText(
      'after',
      `
Examples:
  sally api-tokens create --user grace --name laptop --days 90
  SALLYPORT_TOKEN=$(sally api-tokens create --name nightly-report)`,
    )
    .action(async ({ name, user, days }: { name: string; user?: string; days?: string }) => {
      if (days !== undefined && !/^([1-9]\d?|[12]\d\d|3[0-5]\d|36[0-5])$/.test(days))
        throw usage(`--days ${days} is not a number from 1 to 365`);
      const { body } = await context.client().send('POST', '/v1/tokens', {
        name,
        ...(user === undefined ? {} : { user }),
        ...(days === undefined ? {} : { expiresInSeconds: Number(days) * 86_400 }),
      });
      sayToken(context.output, body as ApiToken & { readonly token: string });
    });

  tokens
    .command('ls')
    .description('list them; never the tokens themselves')
    .option('--user <name>', 'admins: only those of this user')
    .option('--limit <n>', 'how many', parseLimit, 50)
    .addHelpText('after', '\nExamples:\n  sally api-tokens ls --user grace')
    .action(async ({ user, limit }: { user?: string; limit: number }) => {
      const page = await readPages<ApiToken>(context.client(), '/v1/tokens', { query: { user }, limit });
      context.output.value(page, () =>
        context.output.table(
          ['id', 'user', 'name', 'last used', 'ends'],
          page.items.map(({ id, user, name, lastUsedAt, expiresAt, revokedAt }) => [
            id,
            user,
            name,
            lastUsedAt ?? 'never',
            revokedAt === null ? (expiresAt ?? 'when revoked') : `revoked ${revokedAt}`,
          ]),
        ),
      );
    });

  tokens
    .command('revoke <id>')
    .description('make it worthless, at once')
    .addHelpText('after', '\nExamples:\n  sally api-tokens revoke tok_01J8...')
    .action(async (id: string) => {
      await context.client().send('DELETE', `/v1/tokens/${encodeURIComponent(id)}`);
      context.output.value({ revoked: id }, () => context.output.line(`${id} is revoked.`));
    });
}
