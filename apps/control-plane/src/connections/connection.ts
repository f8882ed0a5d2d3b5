import { z } from 'zod';
import type { Prisma } from '../db/generated/client.js';
import { list, moment } from '../http/answers.js';
import { line, name } from '../http/text.js';
import { protocolNames } from '../policies/enforcement.js';
import { catalogView, presentCatalog, stateColumns } from './catalog-state.js';

const identifier = line(128).min(1);

export const tag = z.strictObject({
  schema: identifier.default('public'),
  table: identifier,
  column: identifier,
  classes: z.array(name).min(1).max(20).describe('Classes of data that the column holds.'),
});
export type Tag = z.infer<typeof tag>;

export const mostTags = 20_000;
export const tags = z
  .array(tag)
  .max(mostTags)
  .refine(
    (list) => new Set(list.map(keyOf)).size === list.length,
    'a column is tagged twice; give all its classes at once',
  );

const keyOf = (one: Tag): string => JSON.stringify([one.schema, one.table, one.column]);

const fields = z.strictObject({
  protocol: z.enum(protocolNames),
  environment: name.describe('Policies name it: Environment::"production".'),
  host: line(253)
    .regex(/^[A-Za-z0-9._:-]+$/, 'must be a host name or an address')
    .describe('Where an agent reaches the target.'),
  port: z.number().int().min(1).max(65_535),
  tls: z
    .enum(['verify-full', 'require', 'disable'])
    .default('verify-full')
    .describe('TLS from the agent to the target.'),
  database: identifier.describe('The database of clients that name none.'),
  databases: z
    .array(identifier)
    .min(1)
    .max(200)
    .optional()
    .describe('All that may be named; by default only `database`.'),
  agents: z.array(name).min(1).max(100).describe('Names of the agents that serve it.'),
  credential: name.describe("The name under which the agents' own configuration holds the credential."),
  audit: z
    .enum(['spool', 'durable'])
    .default('spool')
    .describe('How surely an intent is kept before its command is sent.'),
  holdSeconds: z.number().int().min(1).max(600).optional().describe('By default SALLYPORT_HOLD.'),
  detectors: z.boolean().default(true).describe('Look for sensitive values that nobody tagged.'),
  unprovable: z
    .enum(['deny', 'mask'])
    .default('deny')
    .describe(
      'What becomes of reads where something is tagged and the catalog does not know the table (new, temporary), or a COPY does ' +
        'not tell its columns: refused, or every column of the answer masked. What it does is judged as ever.',
    ),
  sampling: z
    .boolean()
    .default(false)
    .describe(
      'Agents may look at a few values of each column, when asked, to suggest tags. No value leaves the agent.',
    ),
  tags: tags.optional().describe('Kept as they are when not given.'),
});
const databaseIsListed = (value: {
  readonly database: string;
  readonly databases?: readonly string[] | undefined;
}): boolean => value.databases === undefined || value.databases.includes(value.database);
const listed = { path: ['databases'], message: 'must hold `database`' };

export const connectionFields = fields.refine(databaseIsListed, listed);
export type ConnectionFields = z.infer<typeof connectionFields>;
export const newConnection = z.strictObject({ name, ...fields.shape }).refine(databaseIsListed, listed);

const tagView = z
  .object({ schema: z.string(), table: z.string(), column: z.string(), classes: list(z.string()) })
  .meta({ id: 'ColumnTag' });
export type TagView = z.input<typeof tagView>;
export const tagsView = z.object({ items: list(tagView) });

export const connectionView = z
  .object({
    id: z.string(),
    name: z.string(),
    protocol: z.string(),
    environment: z.string(),
    host: z.string(),
    port: z.int(),
    tls: z.string().describe('`verify-full`, `require` or `disable`.'),
    database: z.string(),
    databases: list(z.string()),
    agents: list(z.string()).describe('Names.'),
    credential: z.string().describe("The name under which the agents' own configuration holds it."),
    audit: z.string().describe('`spool` or `durable`.'),
    holdSeconds: z.int(),
    detectors: z.boolean(),
    sampling: z.boolean(),
    unprovable: z.string().describe('`deny` or `mask`.'),
    tags: list(tagView),
    catalogs: list(catalogView).describe('What agents found at the target, by database.'),
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: 'Connection' });
export type ConnectionView = z.input<typeof connectionView>;

/** Catalogs are large: only what became of them. */
const catalogs = { select: stateColumns } as const;
export const include = { tags: true, catalogs } as const;
export type ConnectionRow = Prisma.ConnectionGetPayload<{ include: typeof include }>;

export const presentTags = (row: Pick<ConnectionRow, 'tags'>): readonly TagView[] =>
  row.tags
    .map(({ schema, table, column, classes }) => ({ schema, table, column, classes }))
    .sort((one, two) => (keyOf(one) < keyOf(two) ? -1 : 1));

export const present = (row: ConnectionRow): ConnectionView => ({
  id: row.id,
  name: row.name,
  protocol: row.protocol,
  environment: row.environment,
  host: row.host,
  port: row.port,
  tls: row.tls,
  database: row.database,
  databases: row.databases,
  agents: row.agents,
  credential: row.credential,
  audit: row.audit,
  holdSeconds: row.holdSeconds,
  detectors: row.detectors,
  sampling: row.sampling,
  unprovable: row.unprovable,
  tags: presentTags(row),
  catalogs: row.catalogs.map(presentCatalog).sort((one, two) => (one.database < two.database ? -1 : 1)),
  createdAt: row.createdAt,
  updatedAt: row.updatedAt,
});
