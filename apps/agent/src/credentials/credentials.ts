import { ConfigProblem, durationField, parseDuration } from '@sallyport/runtime';
import { YAMLParseError, parse } from 'yaml';
import { z } from 'zod';
import { fromCommand } from './command.js';
import { CredentialProblem } from './credential.js';
import type { Credential, CredentialSource } from './credential.js';
import { fromEnvironment } from './environment.js';
import { fromFile } from './file.js';
import { reused } from './reused.js';
import type { ReusedSource } from './reused.js';

const entrySchema = z.discriminatedUnion('source', [
  z.strictObject({ source: z.literal('environment'), user: z.string().min(1).optional() }),
  z.strictObject({ source: z.literal('file'), user: z.string().min(1), path: z.string().min(1) }),
  z.strictObject({
    source: z.literal('command'),
    user: z.string().min(1),
    command: z.tuple([z.string().min(1)], z.string()),
    /** What it printed serves for so long. By default it is run for each session. */
    refresh: durationField(1_000, 86_400_000).optional(),
  }),
]);
const fileSchema = z.record(z.string(), entrySchema);

/** The agent's credentials by the name that connections call them. */
export interface Credentials {
  /** @throws CredentialProblem */
  read(name: string): Promise<Credential>;
  /** The target would not have it. `true`: it was an old one, and reading again gives the present one. */
  refused(name: string): boolean;
}

/**
 * From the YAML of SALLYPORT_CREDENTIALS; a name that is not there is looked for in the environment.
 * @throws ConfigProblem
 */
export function createCredentials(
  yaml: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Credentials {
  const entries = yaml === undefined ? {} : parseFile(yaml);
  const sources = new Map<string, CredentialSource | ReusedSource>();
  for (const [name, entry] of Object.entries(entries)) sources.set(name, sourceOf(name, entry, env));
  return {
    read: (name) => (sources.get(name) ?? fromEnvironment(name, env)).read(),
    refused: (name) => {
      const source = sources.get(name);
      return source !== undefined && 'forget' in source && source.forget();
    },
  };
}

function sourceOf(
  name: string,
  entry: z.output<typeof entrySchema>,
  env: Readonly<Record<string, string | undefined>>,
): CredentialSource | ReusedSource {
  switch (entry.source) {
    case 'environment':
      return fromEnvironment(name, env, entry.user);
    case 'file':
      return fromFile(entry.user, entry.path);
    case 'command':
      return reused(
        fromCommand(entry.user, entry.command),
        entry.refresh === undefined ? 0 : parseDuration(entry.refresh),
        () => performance.now(),
      );
  }
}

function parseFile(yaml: string): z.output<typeof fileSchema> {
  let value: unknown;
  try {
    // Neither a warning nor an error of the library is shown: both quote the file.
    value = parse(yaml, { maxAliasCount: 10, logLevel: 'error' });
  } catch (error) {
    const line = error instanceof YAMLParseError ? error.linePos?.[0].line : undefined;
    const place = line === undefined ? '' : ` (line ${line})`;
    throw new ConfigProblem([`SALLYPORT_CREDENTIALS names a file that is not YAML${place}`]);
  }
  const parsed = fileSchema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw new ConfigProblem(
    parsed.error.issues.map(
      (issue) => `SALLYPORT_CREDENTIALS: ${issue.path.join('.') || 'the file'}: ${issue.message}`,
    ),
  );
}

export { CredentialProblem };
