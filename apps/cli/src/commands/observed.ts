import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { usage } from '../failure.js';
import { parseLimit, readPages } from '../page.js';

interface Observed {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly connection: string;
  readonly attempts: number;
  readonly lastSeenAt: string;
  readonly suggestion: {
    readonly claims: Readonly<Record<string, string>>;
    readonly problems: readonly string[];
  };
}

interface BindOptions {
  readonly claim: readonly string[];
  readonly group: readonly string[];
  readonly owner?: string;
}

const collection = '/v1/observed-identities';
const gather = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addObserved(program: Command, context: CommandContext): void {
  const observed = program
    .command('observed')
    .description('who came with a good token and is bound to no subagent: one step from being one');

  observed
    .command('ls')
    .description('list them, who came last first')
    .option('--limit <n>', 'how many', parseLimit, 50)
    .addHelpText('after', '\nExamples:\n  sally observed ls\n  sally observed ls --json')
    .action(async ({ limit }: { readonly limit: number }) => {
      const page = await readPages<Observed>(context.client(), collection, { limit });
      context.output.value(page, () => {
        context.output.table(
          ['id', 'issuer', 'subject', 'asked for', 'attempts', 'last seen', 'binds'],
          page.items.map(({ id, issuer, subject, connection, attempts, lastSeenAt, suggestion }) => [
            ...[
              id,
              issuer,
              subject,
              connection === '' ? 'the control plane' : connection,
              String(attempts),
              lastSeenAt,
            ],
            suggestion.problems[0] ?? written(suggestion.claims),
          ]),
        );
        if (page.next !== null) context.output.note(`There are more: --limit ${limit * 4}`);
      });
    });

  observed
    .command('bind <id> <name>')
    .description('make it the subagent NAME, bound to the claims that `ls` shows, or to those that you name')
    .option('--claim <name=value>', 'bind this claim instead; again for more (`sub` must be among them)', gather, [])
    .option('--group <name>', 'put it into this group; again for more', gather, [])
    .option('--owner <user>', 'who answers for it')
    .addHelpText(
      'after',
      `
Examples:
  sally observed bind obs_01J... nightly-etl --group etl --owner ada
  sally observed bind obs_01J... deploy --claim sub=repo:acme/app:environment:production --claim repository_id=7`,
    )
    .action(async (id: string, name: string, { claim, group, owner }: BindOptions) => {
      const claims = claim.length === 0 ? undefined : Object.fromEntries(claim.map(readClaim));
      const body = { name, ...(claims && { claims }), groups: group, ...(owner === undefined ? {} : { owner }) };
      const answer = await context.client().send('POST', `${collection}/${encodeURIComponent(id)}/bind`, body);
      const made = answer.body as { readonly claims: Readonly<Record<string, string>> };
      context.output.value(made, () => context.output.line(`${name} is a subagent now: ${written(made.claims)}`));
    });

  observed
    .command('forget <id>')
    .description('take it off the list, until it comes again')
    .addHelpText('after', '\nExamples:\n  sally observed forget obs_01J...')
    .action(async (id: string) => {
      await context.client().send('DELETE', `${collection}/${encodeURIComponent(id)}`);
      context.output.value({ forgotten: id }, () => context.output.line('Forgotten.'));
    });
}

const written = (claims: Readonly<Record<string, string>>): string =>
  Object.entries(claims)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

function readClaim(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at <= 0) throw usage(`--claim ${text} is no claim`, 'write NAME=VALUE, e.g. --claim repository_id=7');
  return [text.slice(0, at), text.slice(at + 1)];
}
