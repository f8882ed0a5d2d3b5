import type { CompiledPolicy } from '@sallyport/policy';
import { z } from 'zod';
import type { PolicyVersion, Prisma } from '../db/generated/client.js';
import { list, moment } from '../http/answers.js';
import { line, name, text } from '../http/text.js';

export const versionFields = z.strictObject({
  text: text(1_048_576).describe('Cedar policies.'),
  comment: line(500).default('').describe('Why.'),
  publish: z.boolean().default(false).describe('Put it in force at once.'),
});
export type VersionFields = z.infer<typeof versionFields>;
export const newPolicySet = z.strictObject({ name, ...versionFields.shape });

export type PolicySetRow = Prisma.PolicySetGetPayload<{ include: typeof withLatest }>;
export const withLatest = { versions: { orderBy: { version: 'desc' }, take: 1 } } as const;

export const policySetView = z
  .object({
    id: z.string(),
    name: z.string(),
    text: z.string().describe('Of the newest version.'),
    latestVersion: z.int().nullable(),
    publishedVersion: z.int().nullable().describe('The version in force; null: none.'),
    publish: z.boolean().describe('The newest version is the one in force.'),
    createdAt: moment,
    updatedAt: moment,
  })
  .meta({ id: 'PolicySet' });
export type PolicySetView = z.input<typeof policySetView>;

export const present = (row: PolicySetRow): PolicySetView => {
  const [latest] = row.versions;
  return {
    id: row.id,
    name: row.name,
    text: latest?.text ?? '',
    latestVersion: latest?.version ?? null,
    publishedVersion: row.publishedVersion,
    publish: latest !== undefined && row.publishedVersion === latest.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
};

export const policyVersionView = z
  .object({
    version: z.int(),
    text: z.string(),
    policies: list(z.string()).describe('Ids.'),
    author: z.string(),
    comment: z.string(),
    createdAt: moment,
  })
  .meta({ id: 'PolicyVersion' });
export type PolicyVersionView = z.input<typeof policyVersionView>;

export const presentVersion = (row: PolicyVersion): PolicyVersionView => ({
  version: row.version,
  text: row.text,
  policies: (row.compiled as unknown as readonly CompiledPolicy[]).map((policy) => policy.id),
  author: row.author,
  comment: row.comment,
  createdAt: row.createdAt,
});

const problemView = z
  .object({
    line: z.int(),
    column: z.int(),
    message: z.string(),
    help: z.string().optional(),
  })
  .meta({ id: 'PolicyProblem' });
export const validationView = z
  .object({
    valid: z.boolean(),
    policies: list(z.string()).describe('Ids.'),
    problems: list(problemView),
    warnings: list(problemView),
    gaps: list(
      z
        .object({
          policy: z.string(),
          connection: z.string(),
          protocol: z.string(),
          mode: z.string(),
          control: z.string(),
          because: z.string(),
          message: z.string(),
        })
        .meta({ id: 'EnforcementGap' }),
    ).describe("What the connections' protocols cannot enforce of it."),
  })
  .meta({ id: 'PolicyValidation' });
export type Validation = z.input<typeof validationView>;

export const diffView = z
  .object({
    from: z.int(),
    to: z.int(),
    lines: list(z.object({ kind: z.enum(['same', 'removed', 'added']), text: z.string() })),
  })
  .meta({ id: 'PolicyDiff' });
export type Diff = z.input<typeof diffView>;
