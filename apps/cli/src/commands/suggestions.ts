import type { Command } from 'commander';
import { withQuery } from '../client.js';
import type { CommandContext } from '../context.js';
import { Failure, usage } from '../failure.js';
import { parseLimit, readPages } from '../page.js';

interface Suggestion {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly class: string;
  readonly reasons: readonly string[];
  readonly share: number | null;
  readonly sampled: number | null;
}

interface Options {
  readonly database?: string;
  readonly all?: true;
  readonly limit: number;
}

const most = 10_000;
/** REST takes so many at once. */
const mostAtOnce = 1_000;

export function addSuggestions(program: Command, context: CommandContext): void {
  const suggestions = program
    .command('suggestions')
    .description(
      'tags that columns of a connection may deserve, by their names and by values that its agents looked at',
    );

  suggestions
    .command('ls <connection>')
    .description('list them')
    .option('--database <name>', 'another database than the connection’s own')
    .option('--limit <n>', 'how many', parseLimit, 200)
    .addHelpText(
      'after',
      '\nExamples:\n  sally suggestions ls billing\n  sally suggestions ls billing --json --limit 1000',
    )
    .action(async (connection: string, { database, limit }: Options) => {
      const page = await list(context, connection, { database, limit });
      context.output.value(page, () => {
        context.output.table(['column', 'class', 'because of'], page.items.map(describe));
        if (page.next !== null) context.output.note(`There are more: --limit ${limit * 4}`);
      });
    });

  suggestions
    .command('accept <connection> [columns...]')
    .description('make tags of them; a column is SCHEMA.TABLE.COLUMN=CLASS, as `ls` shows it')
    .option('--database <name>', 'another database than the connection’s own')
    .option('--all', 'all that are suggested now')
    .addHelpText(
      'after',
      '\nExamples:\n  sally suggestions accept billing public.customers.email=email\n  sally suggestions accept billing --all',
    )
    .action(async (connection: string, columns: readonly string[], { database, all }: Options) => {
      if ((all === true) === columns.length > 0)
        throw usage('which suggestions?', 'name columns as `sally suggestions ls` shows them, or say --all');
      const { items } = await list(context, connection, { database, limit: most });
      const wanted = all === true ? items : columns.map((column) => find(items, column));
      for (let at = 0; at < wanted.length; at += mostAtOnce)
        await context.client().send('POST', `${pathOf(connection)}/accept`, {
          database,
          items: wanted
            .slice(at, at + mostAtOnce)
            .map(({ schema, table, column, class: of }) => ({ schema, table, column, class: of })),
        });
      context.output.value({ accepted: wanted }, () => {
        if (wanted.length === 0) context.output.line('Nothing is suggested.');
        for (const each of wanted) context.output.line(`${written(each)}: tagged`);
      });
    });

  suggestions
    .command('sample <connection>')
    .description(
      'have an agent look at a few values of each column, where the connection says `sampling: true`; no value leaves it',
    )
    .option('--database <name>', 'another database than the connection’s own')
    .addHelpText('after', '\nExamples:\n  sally suggestions sample billing')
    .action(async (connection: string, { database }: Options) => {
      const path = withQuery(`${pathOf(connection)}/sample`, { database });
      const { body } = await context.client().send('POST', path);
      const { sampledAt, problem } = body as { readonly sampledAt: string | null; readonly problem: string | null };
      context.output.value(body, () => {
        context.output.line(
          'An agent is told; it takes a minute at most, then `sally suggestions ls` shows what it found.',
        );
        if (problem !== null) context.output.line(`The time before it could not: ${problem}`);
        else if (sampledAt !== null) context.output.line(`Last done at ${sampledAt}`);
      });
    });
}

const pathOf = (connection: string): string => `/v1/connections/${encodeURIComponent(connection)}/suggestions`;

const list = (
  context: CommandContext,
  connection: string,
  { database, limit }: { readonly database: string | undefined; readonly limit: number },
) => readPages<Suggestion>(context.client(), pathOf(connection), { query: { database }, limit });

const columnOf = ({ schema, table, column }: Suggestion): string => `${schema}.${table}.${column}`;
const written = (suggestion: Suggestion): string => `${columnOf(suggestion)}=${suggestion.class}`;

/** Names may hold dots: what is listed is compared, not taken apart. */
function find(items: readonly Suggestion[], wanted: string): Suggestion {
  const found = items.filter((each) => written(each) === wanted);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new Failure(`${wanted} is ${only === undefined ? 'not suggested' : 'suggested of more than one column'}`, {
    hint: '`sally suggestions ls` lists what is; other tags are put with `sally apply` (kind ColumnTags)',
  });
}

const describe = (each: Suggestion): readonly string[] => [
  columnOf(each),
  each.class,
  each.reasons
    .map((reason) =>
      reason === 'values' ? `${each.share ?? '?'} % of ${each.sampled ?? '?'} values` : `its ${reason}`,
    )
    .join(', '),
];
