import type { Command } from 'commander';
import { escapeForTerminal } from '@sallyport/audit';
import type { CommandContext } from '../context.js';
import { shorten, table } from '../output.js';
import type { Page } from '../page.js';

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
  readonly verdict: 'allowed' | 'approved' | 'refused';
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
    .option('--limit <n>', 'how many', '50')
    .addHelpText('after', '\nExamples:\n  sally sessions ls --principal etl --open')
    .action(async (options: { principal?: string; connection?: string; open?: true; limit: string }) => {
      const page = (await context.client().get('/v1/sessions', {
        principal: options.principal,
        connection: options.connection,
        open: options.open === true ? 'true' : undefined,
        limit: options.limit,
      })) as Page<Session>;
      context.output.value(page, () => {
        const head = ['session', 'caller', 'connection', 'opened', 'closed', 'statements', 'refused'];
        for (const line of table(head, page.items.map(describe))) context.output.line(line);
        if (page.next !== null) context.output.note(`More: --limit ${Number(options.limit) * 2}`);
      });
    });

  sessions
    .command('show <session>')
    .description('one session, statement by statement')
    .addHelpText('after', '\nExamples:\n  sally sessions show ses_01J8...')
    .action(async (id: string) => {
      const path = `/v1/sessions/${encodeURIComponent(id)}`;
      const session = (await context.client().get(path)) as Session;
      const statements = await allStatements(context, `${path}/statements`);
      context.output.value({ session, statements }, () => {
        const closed = session.closedAt === null ? 'open' : `closed ${session.closedAt} (${session.closeCause ?? '?'})`;
        context.output.line(
          escapeForTerminal(
            `${session.id}: ${session.caller.name} on ${session.connection}/${session.database} ` +
              `from ${session.clientAddress} through ${session.proxy} and ${session.agent}; opened ${session.openedAt}, ${closed}`,
          ),
        );
        const head = ['#', 'time', 'verdict', 'outcome', 'rows', 'ms', 'masked', 'statement'];
        for (const line of table(head, statements.map(describeStatement))) context.output.line(line);
      });
    });

  sessions
    .command('end <session>')
    .description('cut a live session: the caller gets the protocol’s own error')
    .action(async (id: string) => {
      await context.client().send('POST', `/v1/sessions/${encodeURIComponent(id)}/end`, {});
      context.output.value({ ended: id }, () => context.output.line(`${id} is being ended.`));
    });
}

async function allStatements(context: CommandContext, path: string): Promise<readonly Statement[]> {
  const all: Statement[] = [];
  let cursor: string | undefined;
  do {
    const page = (await context.client().get(path, { cursor, limit: '200' })) as Page<Statement>;
    all.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && all.length < 10_000);
  return all;
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
