import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { parseLimit, readPages } from '../page.js';

interface Login {
  readonly id: string;
  readonly user: string | null;
  readonly subagent: string | null;
  readonly how: string;
  readonly under: string | null;
  readonly purpose: string;
  readonly address: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
  readonly endedAt: string | null;
  readonly endReason: string | null;
}

interface ListOptions {
  readonly all?: true;
  readonly user?: string;
  readonly subagent?: string;
  readonly limit: number;
}

export function addLogins(program: Command, context: CommandContext): void {
  const logins = program
    .command('logins')
    .description('where you are logged in, and what acts on your behalf; admins see all');

  logins
    .command('ls')
    .description('list them, newest first')
    .option('--all', 'also those that are over')
    .option('--user <name>', 'admins and auditors: those of this user')
    .option('--subagent <name>', 'admins and auditors: those in which this subagent acts')
    .option('--limit <n>', 'how many', parseLimit, 50)
    .addHelpText('after', '\nExamples:\n  sally logins ls\n  sally logins ls --subagent etl --all')
    .action(async ({ all, user, subagent, limit }: ListOptions) => {
      const query = { user, subagent, ...(all === true ? { all: 'true' } : {}) };
      const page = await readPages<Login>(context.client(), '/v1/logins', { query, limit });
      context.output.value(page, () => {
        context.output.table(
          ['id', 'of', 'how', 'from', 'for', 'last used', 'ends'],
          page.items.map((login) => [
            ...[login.id, login.user ?? login.subagent ?? '', login.how, login.address, login.purpose],
            ...[login.lastUsedAt, login.endedAt === null ? login.expiresAt : `ended: ${login.endReason ?? ''}`],
          ]),
        );
        if (page.next !== null) context.output.note(`There are more: --limit ${limit * 4}`);
      });
    });

  logins
    .command('revoke <id>')
    .description('end one, with its tokens and all that was delegated under it')
    .addHelpText('after', '\nExamples:\n  sally logins revoke log_01J8...')
    .action(async (id: string) => {
      await context.client().send('DELETE', `/v1/logins/${encodeURIComponent(id)}`);
      context.output.value({ revoked: id }, () => context.output.line(`${id} has ended.`));
    });
}
