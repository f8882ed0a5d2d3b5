import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { shorten } from '../output.js';
import { parseLimit, readPages } from '../page.js';

interface Session {
  readonly id: string;
  readonly caller: { readonly name: string; readonly kind: string };
  readonly connection: string;
  readonly database: string;
  readonly proxy: string;
  readonly agent: string;
  readonly clientAddress: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly closeCause: string | null;
  readonly statements: number;
  readonly refusals: number;
}

interface Statement {
  readonly sequence: number;
  readonly at: string;
  readonly verdict: 'allowed' | 'approved' | 'tried' | 'refused';
  readonly text: string;
  readonly code: string | null;
  readonly reason: string | null;
  readonly approval: string | null;
  readonly status: string | null;
  readonly tag: string | null;
  readonly error: string | null;
  readonly rows: number | null;
  readonly duration: number | null;
  readonly maskedColumns: readonly string[];
}

export function addSessions(program: Command, context: CommandContext): void {
  const sessions = program.command('sessions').description('who was connected, and what they did');

  sessions
    .command('ls')
    .description('list sessions, newest first')
    .option('--principal <name>', 'only this caller')
    .option('--connection <name>', 'only this connection')
    .option('--open', 'only those that are open')
    .option('--limit <n>', 'how many', parseLimit, 50)
    .addHelpText(
      'after',
      '\nExamples:\n  sally sessions ls --principal etl --open\n  sally sessions ls --json --limit 500',
    )
    .action(async (options: { principal?: string; connection?: string; open?: true; limit: number }) => {
      const { principal, connection, open, limit } = options;
      const query = { principal, connection, open: open === true ? 'true' : undefined };
      const page = await readPages<Session>(context.client(), '/v1/sessions', { query, limit });
      context.output.value(page, () => {
        context.output.table(
          ['session', 'caller', 'connection', 'opened', 'closed', 'statements', 'refused'],
          page.items.map(describe),
        );
        if (page.next !== null) context.output.note(`There are more: --limit ${limit * 4}`);
      });
    });

  sessions
    .command('show <session>')
    .description('one session, statement by statement')
    .option('--limit <n>', 'how many statements', parseLimit, 10_000)
    .addHelpText('after', '\nExamples:\n  sally sessions show ses_01J8...\n  sally sessions show ses_01J8... --json')
    .action(async (id: string, { limit }: { limit: number }) => {
      const path = `/v1/sessions/${encodeURIComponent(id)}`;
      const session = (await context.client().get(path)) as Session;
      const { items, next } = await readPages<Statement>(context.client(), `${path}/statements`, { limit });
      context.output.value({ session, statements: items, next }, () => {
        const closed = session.closedAt === null ? 'open' : `closed ${session.closedAt} (${session.closeCause ?? '?'})`;
        context.output.line(
          `${session.id}: ${session.caller.name} on ${session.connection}/${session.database} ` +
            `from ${session.clientAddress} through ${session.proxy} and ${session.agent}; opened ${session.openedAt}, ${closed}`,
        );
        context.output.table(
          ['#', 'time', 'verdict', 'outcome', 'rows', 'ms', 'masked', 'statement'],
          items.map(describeStatement),
        );
        if (next !== null) context.output.note(`There are more: --limit ${limit * 4}`);
      });
    });

  sessions
    .command('end <session>')
    .description('cut a live session: the caller gets the protocol’s own error')
    .addHelpText('after', '\nExamples:\n  sally sessions end ses_01J8...')
    .action(async (id: string) => {
      await context.client().send('POST', `/v1/sessions/${encodeURIComponent(id)}/end`, {});
      context.output.value({ ended: id }, () => context.output.line(`${id} is being ended.`));
    });
}

const describe = (session: Session): readonly string[] => [
  session.id,
  session.caller.name,
  session.connection,
  session.openedAt,
  session.closedAt ?? 'open',
  String(session.statements),
  String(session.refusals),
];

const describeStatement = (statement: Statement): readonly string[] => [
  String(statement.sequence),
  statement.at.slice(11, 23),
  statement.verdict === 'refused' ? `refused: ${statement.code ?? ''}` : statement.verdict,
  statement.verdict === 'refused'
    ? shorten(statement.reason ?? '', 40)
    : (statement.tag ?? statement.error ?? statement.status ?? 'unknown'),
  statement.rows === null ? '' : String(statement.rows),
  statement.duration === null ? '' : statement.duration.toFixed(1),
  shorten(statement.maskedColumns.join(' '), 30),
  shorten(statement.text, 100),
];
