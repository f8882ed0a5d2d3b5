import { Option } from 'commander';
import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { Failure, exitCodes } from '../failure.js';
import { shorten } from '../output.js';
import { parseLimit, readPages } from '../page.js';

interface Approval {
  readonly id: string;
  readonly state: string;
  readonly caller: { readonly name: string; readonly owner: string | null };
  readonly onBehalfOf: readonly string[];
  readonly connection: string;
  readonly database: string;
  readonly effect: string;
  readonly reason: string;
  readonly text: string;
  readonly parameters: readonly string[];
  readonly behind: readonly { readonly name: string; readonly text: string }[];
  readonly marks: readonly string[];
  /** Absent: the control plane is of an earlier version. */
  readonly preview?: Preview | null;
  readonly policies: readonly string[];
  readonly needed: number;
  readonly words: readonly { readonly user: string; readonly agrees: boolean; readonly reason: string }[];
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly runs?: readonly Run[];
}

interface Preview {
  readonly missing: string | null;
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly inserted: number;
    readonly updated: number;
    readonly deleted: number;
  }[];
  readonly samples: readonly {
    readonly schema: string;
    readonly name: string;
    readonly rows: string;
    readonly columns: readonly string[];
    readonly cells: readonly (readonly (string | null)[])[];
  }[];
  readonly remarks: readonly string[];
}

interface Run {
  readonly id: string;
  readonly state: string;
  readonly createdAt: string;
  readonly result: {
    readonly completed: boolean;
    readonly tag: string;
    readonly rows: number;
    readonly code: string;
    readonly message: string;
    readonly columns: readonly string[];
    readonly resultRows: readonly (readonly (string | null)[])[];
  } | null;
}

const states = ['pending', 'approved', 'denied', 'expired', 'withdrawn', 'redeemed'];

export function addApprovals(program: Command, context: CommandContext): void {
  const approvals = program
    .command('approvals')
    .description('held commands: see them, say yes or no, run what was approved');
  const pathOf = (id: string): string => `/v1/approvals/${encodeURIComponent(id)}`;

  approvals
    .command('ls')
    .description('list approvals, newest first')
    .addOption(new Option('--state <state>', 'only those in this state').choices(states))
    .option('--limit <n>', 'how many', parseLimit, 50)
    .addHelpText('after', '\nExamples:\n  sally approvals ls --state pending\n  sally approvals ls --json')
    .action(async ({ state, limit }: { state?: string; limit: number }) => {
      const page = await readPages<Approval>(context.client(), '/v1/approvals', { query: { state }, limit });
      context.output.value(page, () => {
        context.output.table(
          ['approval', 'state', 'caller', 'connection', 'asked', 'effect'],
          page.items.map((item) => [
            item.id,
            item.state,
            item.caller.name,
            item.connection,
            item.createdAt,
            shorten(item.effect, 60),
          ]),
        );
        if (page.next !== null) context.output.note(`There are more: --limit ${limit * 4}`);
      });
    });

  approvals
    .command('show <approval>')
    .description('everything an approver needs to know')
    .addHelpText('after', '\nExamples:\n  sally approvals show apr_01J8...')
    .action(async (id: string) => {
      const approval = (await context.client().get(pathOf(id))) as Approval;
      context.output.value(approval, () => show(approval, context));
    });

  approvals
    .command('approve <approval>')
    .description('agree to this one command')
    .option('--reason <text>', 'why')
    .addHelpText('after', '\nExamples:\n  sally approvals approve apr_01J8... --reason "change 4711"')
    .action(async (id: string, options: { reason?: string }) => {
      const { body } = await context.client().send('POST', `${pathOf(id)}/approve`, { reason: options.reason ?? '' });
      context.output.value(body, () => context.output.line(`${id}: ${(body as Approval).state}`));
    });

  approvals
    .command('deny <approval>')
    .description('refuse it; the caller is told the reason')
    .requiredOption('--reason <text>', 'why')
    .addHelpText('after', '\nExamples:\n  sally approvals deny apr_01J8... --reason "not during the freeze"')
    .action(async (id: string, options: { reason: string }) => {
      const { body } = await context.client().send('POST', `${pathOf(id)}/deny`, { reason: options.reason });
      context.output.value(body, () => context.output.line(`${id}: ${(body as Approval).state}`));
    });

  approvals
    .command('run <approval>')
    .description('have the gateway run the command that it kept; exits 75 while nobody has answered yet')
    .addHelpText('after', '\nExamples:\n  SALLYPORT_TOKEN=$PGPASSWORD sally approvals run apr_01J8...')
    .action(async (id: string) => {
      const { status, body } = await context.client().send('POST', `${pathOf(id)}/run`, {});
      const run = body as Run;
      context.output.value(run, () => renderRun(id, run, context));
      if (status === 202 || run.result === null)
        throw new Failure(`${id} is still running as ${run.id}`, {
          hint: `look again with \`sally approvals show ${id}\``,
          exitCode: exitCodes.temporary,
        });
      if (!run.result.completed)
        throw new Failure(`${run.result.code}: ${run.result.message}`, { exitCode: exitCodes.failed });
    });
}

function show(approval: Approval, { output }: CommandContext): void {
  const lines = [
    `${approval.id}: ${approval.state}, ${approval.words.filter((word) => word.agrees).length} of ${approval.needed} agreed`,
    `caller      ${[approval.caller.name, ...approval.onBehalfOf].join(', on behalf of ')}${
      approval.caller.owner === null ? '' : `; ${approval.caller.owner} answers for it`
    }`,
    `connection  ${approval.connection}/${approval.database}`,
    `effect      ${approval.effect}`,
    `held by     ${approval.policies.join(', ')}: ${approval.reason}`,
    `asked       ${approval.createdAt}, expires ${approval.expiresAt}`,
    ...approval.words.map((word) => `${word.agrees ? 'agreed' : 'denied'}      ${word.user} ${word.reason}`),
    ...(approval.runs ?? []).map((run) => `run         ${run.createdAt} ${run.state} ${describeRun(run)}`.trimEnd()),
    ...approval.marks.map((mark) => `beware      ${mark}`),
  ];
  for (const line of lines) output.line(line);
  if (approval.preview) showPreview(approval.preview, output);
  output.line(`parameters${approval.parameters.length === 0 ? '  none' : ''}`);
  for (const [at, value] of approval.parameters.entries()) output.block(`$${at + 1}  ${value}`);
  // The whole text, line by line: an approver must see its end.
  output.line('statement');
  output.block(approval.text);
  for (const { name, text } of approval.behind) {
    output.line(`${name} stands for`);
    output.block(text);
  }
}

/** What it would do: it was run in a transaction, and nothing of it stays without enough words. */
function showPreview({ missing, tables, samples, remarks }: Preview, output: CommandContext['output']): void {
  if (missing !== null) return output.line(`preview     none: ${missing}`);
  if (tables.length === 0) output.line('preview     it changes no row');
  for (const { schema, name, inserted, updated, deleted } of tables)
    output.line(`preview     ${schema}.${name}: ${inserted} inserted, ${updated} updated, ${deleted} deleted`);
  for (const remark of remarks) output.line(`            ${remark}`);
  for (const { schema, name, rows, columns, cells } of samples) {
    output.line(`some rows of ${schema}.${name} ${rows}`);
    output.table(
      columns,
      cells.map((row) => row.map((cell) => cell ?? 'NULL')),
    );
  }
}

const describeRun = ({ result }: Run): string =>
  result === null ? '' : result.completed ? `${result.tag} (${result.rows} rows)` : `${result.code}: ${result.message}`;

function renderRun(id: string, run: Run, { output }: CommandContext): void {
  const result = run.result;
  if (result === null || !result.completed) return;
  if (result.columns.length > 0)
    output.table(
      result.columns,
      result.resultRows.map((row) => row.map((cell) => cell ?? '')),
    );
  output.line(`${id}: ${describeRun(run)}`);
}
