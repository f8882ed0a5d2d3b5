import type { Command } from 'commander';
import { withQuery } from '../client.js';
import type { CommandContext } from '../context.js';
import { shorten } from '../output.js';
import { parseLimit, readPages } from '../page.js';

interface Summary {
  readonly database: string;
  readonly state: string;
  readonly advice: string | null;
  readonly version: number;
  readonly readBy: string;
  readonly readAt: string | null;
  readonly problem: string | null;
  readonly schemas: number;
  readonly relations: number;
  readonly columns: number;
  readonly functions: number;
}

/** Absent: the control plane is older than we are. */
interface Connection {
  readonly name: string;
  readonly databases: readonly string[];
  readonly catalogs?: readonly {
    readonly database: string;
    readonly state?: string;
    readonly version?: number;
    readonly readAt: string | null;
    readonly problem: string | null;
    readonly advice?: string | null;
  }[];
}

const unread = {
  ...{ state: 'absent', version: 0, readAt: null, problem: null },
  advice: 'no agent has looked at it yet: is one of the connection connected?',
};

interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly owner: string | null;
  readonly columns: number;
  readonly tagged: number;
  readonly parents: readonly string[];
}

interface Column {
  readonly schema: string;
  readonly relation: string;
  readonly column: string;
  readonly type: string;
  readonly classes: readonly string[];
}

/** What users made beside tables. */
const made: readonly {
  readonly noun: string;
  readonly what: string;
  readonly columns: readonly string[];
}[] = [
  {
    noun: 'functions',
    what: 'functions and procedures that users made',
    columns: ['schema', 'name', 'arguments', 'returns', 'kind', 'language', 'volatility', 'owner', 'securityDefiner'],
  },
  { noun: 'types', what: 'types that users made', columns: ['schema', 'name', 'kind', 'of', 'constraints'] },
  {
    noun: 'operators',
    what: 'operators that users made',
    columns: ['schema', 'name', 'left', 'right', 'result', 'compiled'],
  },
];

const cellOf = (value: unknown): string => {
  if (Array.isArray(value)) return shorten(value.map(String).join(', '), 60);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? value : '';
};

/** `securityDefiner` -> `security definer`. */
const wordsOf = (field: string): string => field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

interface Options {
  readonly database?: string;
  readonly schema?: string;
  readonly relation?: string;
  readonly name?: string;
  readonly tagged?: true;
  readonly untagged?: true;
  readonly limit: number;
}

export function addCatalog(program: Command, context: CommandContext): void {
  const catalog = program.command('catalog').description('what agents found at a target: tables, columns, tags');

  catalog
    .command('ls')
    .description('how the catalog of each connection and database is known')
    .addHelpText('after', '\nExamples:\n  sally catalog ls\n  sally catalog ls --json')
    .action(async () => {
      const { items } = await readPages<Connection>(context.client(), '/v1/connections', { limit: 10_000 });
      const rows = items.flatMap(({ name, databases, catalogs = [] }) =>
        databases.map((database) => ({
          connection: name,
          ...(catalogs.find((each) => each.database === database) ?? { ...unread, database }),
        })),
      );
      context.output.value({ items: rows }, () =>
        context.output.table(
          ['connection', 'database', 'state', 'version', 'found so at', 'problem', 'what to do'],
          rows.map(({ connection, database, state = '', version = 0, readAt, problem, advice }) => [
            ...[connection, database, state, String(version), readAt ?? 'never'],
            ...[shorten(problem ?? '', 80), advice ?? ''],
          ]),
        ),
      );
    });

  catalog
    .command('show <connection>')
    .description('how the catalog of a connection is known, and what to do where it is not')
    .option('--database <name>', 'another database than the connection’s own')
    .addHelpText(
      'after',
      '\nExamples:\n  sally catalog show billing\n  sally catalog show billing --database app --json',
    )
    .action(async (connection: string, { database }: Options) => {
      const summary = (await context.client().get(pathOf(connection), { database })) as Summary;
      context.output.value(summary, () => tell(connection, summary, context));
    });

  catalog
    .command('relations <connection>')
    .description('list tables, views and sequences')
    .option('--database <name>', 'another database than the connection’s own')
    .option('--schema <name>', 'only this schema')
    .option('--name <text>', 'only names that hold this')
    .option('--limit <n>', 'how many', parseLimit, 200)
    .addHelpText('after', '\nExamples:\n  sally catalog relations billing --schema public --name invoice')
    .action(async (connection: string, { database, schema, name, limit }: Options) => {
      const query = { database, schema, name };
      const page = await readPages<Relation>(context.client(), `${pathOf(connection)}/relations`, { query, limit });
      context.output.value(page, () => {
        context.output.table(
          ['schema', 'name', 'kind', 'owner', 'columns', 'tagged', 'part of'],
          page.items.map((each) => [
            ...[each.schema, each.name, each.kind, each.owner ?? '', String(each.columns), String(each.tagged)],
            shorten(each.parents.join(' '), 40),
          ]),
        );
        if (page.next !== null) context.output.note(`There are more: --limit ${limit * 4}`);
      });
    });

  catalog
    .command('columns <connection>')
    .description('list columns with their types and tags')
    .option('--database <name>', 'another database than the connection’s own')
    .option('--schema <name>', 'only this schema')
    .option('--relation <name>', 'only this table or view')
    .option('--name <text>', 'only names that hold this')
    .option('--tagged', 'only those that have tags')
    .option('--untagged', 'only those that have none')
    .option('--limit <n>', 'how many', parseLimit, 200)
    .addHelpText(
      'after',
      '\nExamples:\n  sally catalog columns billing --relation customers\n  sally catalog columns billing --untagged --name mail --json',
    )
    .action(async (connection: string, options: Options) => {
      const { database, schema, relation, name, tagged, untagged, limit } = options;
      const only = tagged === true ? 'true' : untagged === true ? 'false' : undefined;
      const query = { database, schema, relation, name, tagged: only };
      const page = await readPages<Column>(context.client(), `${pathOf(connection)}/columns`, { query, limit });
      context.output.value(page, () => {
        context.output.table(
          ['schema', 'relation', 'column', 'type', 'classes'],
          page.items.map((each) => [each.schema, each.relation, each.column, each.type, each.classes.join(' ')]),
        );
        if (page.next !== null) context.output.note(`There are more: --limit ${limit * 4}`);
      });
    });

  for (const { noun, what, columns } of made)
    catalog
      .command(`${noun} <connection>`)
      .description(`list ${what}`)
      .option('--database <name>', 'another database than the connection’s own')
      .option('--schema <name>', 'only this schema')
      .option('--name <text>', 'only names that hold this')
      .option('--limit <n>', 'how many', parseLimit, 200)
      .addHelpText(
        'after',
        `\nExamples:\n  sally catalog ${noun} billing --schema public\n  sally catalog ${noun} billing --json`,
      )
      .action(async (connection: string, { database, schema, name, limit }: Options) => {
        const query = { database, schema, name };
        const path = `${pathOf(connection)}/${noun}`;
        const page = await readPages<Readonly<Record<string, unknown>>>(context.client(), path, { query, limit });
        context.output.value(page, () => {
          context.output.table(
            columns.map(wordsOf),
            page.items.map((item) => columns.map((column) => cellOf(item[column]))),
          );
          if (page.next !== null) context.output.note(`There are more: --limit ${limit * 4}`);
        });
      });

  catalog
    .command('read <connection>')
    .description('have the agents read the catalog again, now')
    .option('--database <name>', 'another database than the connection’s own')
    .addHelpText('after', '\nExamples:\n  sally catalog read billing')
    .action(async (connection: string, { database }: Options) => {
      const path = withQuery(`${pathOf(connection)}/read`, { database });
      const { body } = await context.client().send('POST', path);
      context.output.value(body, () =>
        context.output.line(
          `The agents of ${connection} are told. \`sally catalog show ${connection}\` tells what they find.`,
        ),
      );
    });
}

const pathOf = (connection: string): string => `/v1/connections/${encodeURIComponent(connection)}/catalog`;

function tell(connection: string, summary: Summary, { output }: CommandContext): void {
  const { database, state, version, readBy, readAt, schemas, relations, columns, functions } = summary;
  const read = readAt === null ? 'never read' : `found so by ${readBy} at ${readAt}`;
  output.line(`${connection}/${database}: ${state}, version ${version}, ${read}`);
  output.line(`${schemas} schemas, ${relations} relations, ${columns} columns, ${functions} functions of its users`);
  if (summary.problem !== null) output.line(`Problem: ${summary.problem}`);
  if (summary.advice !== null) output.line(`What to do: ${summary.advice}`);
}
