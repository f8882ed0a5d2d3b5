import { spellWindow } from '@sallyport/kernel';
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { parseLimit, readPages } from '../page.js';

interface Budget {
  readonly principal: { readonly kind: string; readonly name: string };
  readonly connection: string;
  readonly policy: string;
  readonly measure: string;
  readonly window: number;
  readonly used: number;
  readonly limit: number | null;
  readonly remaining: number | null;
}

export function addBudgets(program: Command, context: CommandContext): void {
  program
    .command('budgets')
    .description('what callers have used of their budgets, and what is left')
    .option('--principal <name>', 'only this caller')
    .option('--connection <name>', 'only this connection')
    .option('--limit <n>', 'how many', parseLimit, 50)
    .addHelpText(
      'after',
      '\nExamples:\n  sally budgets --principal etl\n  sally budgets --connection billing --json\n\n' +
        'Use is counted over all proxies, in the window that ends now.',
    )
    .action(async ({ principal, connection, limit }: { principal?: string; connection?: string; limit: number }) => {
      const page = await readPages<Budget>(context.client(), '/v1/budgets', {
        query: { principal, connection },
        limit,
      });
      context.output.value(page, () => {
        context.output.table(
          ['principal', 'connection', 'policy', 'measure', 'window', 'used', 'limit', 'left'],
          page.items.map(describe),
        );
        if (page.items.length === 0) context.output.note('Nothing is used of any budget now.');
        if (page.next !== null) context.output.note(`There are more: --limit ${limit * 4}`);
      });
    });
}

const describe = (budget: Budget): readonly string[] => [
  budget.principal.name,
  budget.connection,
  budget.policy,
  budget.measure,
  spellWindow(budget.window * 1_000),
  String(budget.used),
  budget.limit === null ? 'none' : String(budget.limit),
  budget.remaining === null ? '' : String(budget.remaining),
];
