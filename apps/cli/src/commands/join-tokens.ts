import { Argument } from 'commander';
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { usage } from '../failure.js';
import { parseLimit, readPages } from '../page.js';
import { sayToken } from '../said-token.js';

interface JoinToken {
  readonly id: string;
  readonly kind: string;
  readonly nodeName: string | null;
  readonly createdBy: string;
  readonly expiresAt: string;
  readonly usedAt: string | null;
}

export function addJoinTokens(program: Command, context: CommandContext): void {
  const tokens = program
    .command('join-tokens')
    .description('single-use tokens with which a proxy or an agent enrols, once');

  tokens
    .command('create')
    .description('make one; it is shown once')
    .addArgument(new Argument('<kind>', 'what will enrol').choices(['proxy', 'agent']))
    .argument('<name>', 'the SALLYPORT_NAME that it will have')
    .option('--minutes <n>', 'how long it can be used', '60')
    .addHelpText(
      'after',
      `
Examples:
  sally join-tokens create proxy gate-1
  SALLYPORT_JOIN_TOKEN=$(sally join-tokens create agent billing-agent --minutes 10)`,
    )
    .action(async (kind: string, nodeName: string, { minutes }: { minutes: string }) => {
      if (!/^[1-9]\d{0,4}$/.test(minutes)) throw usage(`--minutes ${minutes} is not a number from 1 to 99999`);
      const { body } = await context.client().send('POST', '/v1/join-tokens', {
        kind,
        nodeName,
        expiresInSeconds: Number(minutes) * 60,
      });
      sayToken(context.output, body as JoinToken & { readonly token: string });
    });

  tokens
    .command('ls')
    .description('list them; never the tokens themselves')
    .option('--limit <n>', 'how many', parseLimit, 50)
    .addHelpText('after', '\nExamples:\n  sally join-tokens ls')
    .action(async ({ limit }: { limit: number }) => {
      const page = await readPages<JoinToken>(context.client(), '/v1/join-tokens', { limit });
      context.output.value(page, () =>
        context.output.table(
          ['id', 'kind', 'for', 'made by', 'expires', 'used'],
          page.items.map((one) => [
            one.id,
            one.kind,
            one.nodeName ?? 'any',
            one.createdBy,
            one.expiresAt,
            one.usedAt ?? '',
          ]),
        ),
      );
    });

  tokens
    .command('rm <id>')
    .description('take one back that was not used')
    .addHelpText('after', '\nExamples:\n  sally join-tokens rm jnt_01J8...')
    .action(async (id: string) => {
      await context.client().send('DELETE', `/v1/join-tokens/${encodeURIComponent(id)}`);
      context.output.value({ removed: id }, () => context.output.line(`${id} is removed.`));
    });
}
