import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { ConfigProblem } from './problem.js';
import { tellStartProblem } from './start.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigOptions {
  /** Further names that are allowed beside the schema's: `SALLYPORT_CREDENTIAL_...`. */
  readonly alsoKnown?: (name: string) => boolean;
}

/**
 * The configuration, validated and frozen. Values come from the environment, or from the file that `NAME_FILE` names. A
 * variable that begins with SALLYPORT_ and that nobody knows is refused: a typing error must not silently mean a default.
 *
 * @throws ConfigProblem
 */
export function readConfig<Schema extends z.ZodObject>(
  schema: Schema,
  env: Environment,
  options: ConfigOptions = {},
): Readonly<z.output<Schema>> {
  const names = Object.keys(schema.shape);
  const problems: string[] = [];
  const given: Record<string, string> = {};
  for (const name of names) {
    const value = valueOf(name, env, problems);
    if (value !== undefined && value !== '') given[name] = value;
  }
  for (const name of Object.keys(env)) {
    if (!name.startsWith('SALLYPORT_') || options.alsoKnown?.(name) === true) continue;
    if (names.includes(name) || names.includes(name.replace(/_FILE$/, ''))) continue;
    problems.push(`${name} is not a variable of this program${suggestion(name, names)}`);
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success)
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0]);
      // One message a variable: the first says enough.
      if (problems.some((problem) => problem.startsWith(`${name} `) || problem.startsWith(`${name}_FILE `))) continue;
      const description = descriptionOf(schema.shape[name]);
      problems.push(
        name in given
          ? `${name} ${issue.message}`
          : `${name} is not set${description === '' ? '' : `: ${description}`}`,
      );
    }
  if (problems.length > 0 || !parsed.success) throw new ConfigProblem(problems);
  return Object.freeze(parsed.data);
}

function valueOf(name: string, env: Environment, problems: string[]): string | undefined {
  const path = env[`${name}_FILE`];
  if (path === undefined || path === '') return env[name];
  if (env[name] !== undefined && env[name] !== '') {
    problems.push(`${name} and ${name}_FILE are both set: keep one of them`);
    return undefined;
  }
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    problems.push(`${name}_FILE names a file that cannot be read: ${path}`);
    return undefined;
  }
}

/** Prints every problem and ends the process, or returns the configuration. */
export function configOrExit<Config>(program: string, read: () => Config): Config {
  try {
    return read();
  } catch (error) {
    process.exit(tellStartProblem(program, error));
  }
}

export interface ConfigRow {
  readonly name: string;
  readonly description: string;
  readonly fallback: string | undefined;
  readonly required: boolean;
  readonly secret: boolean;
}

/** What a schema says of itself, for `--help` and the reference in docs. */
export function describeConfig(schema: z.ZodObject): readonly ConfigRow[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const absent = (field as z.ZodType).safeParse(undefined);
    const meta = (field as z.ZodType).meta() ?? {};
    return {
      name,
      description: descriptionOf(field),
      fallback: absent.success && absent.data !== undefined ? String(absent.data) : undefined,
      required: !absent.success,
      secret: meta['secret'] === true,
    };
  });
}

/** The text of `--help`. */
export function helpText(program: string, what: string, schema: z.ZodObject, examples: readonly string[]): string {
  const rows = describeConfig(schema).map(({ name, description, fallback, required }) => {
    const note = required ? 'required' : fallback === undefined ? 'optional' : `default ${fallback}`;
    return `  ${name}\n      ${description} (${note})`;
  });
  return [
    `${program}: ${what}`,
    '',
    'It is configured by its environment. Each variable may also come from a file that NAME_FILE names.',
    '',
    ...rows,
    '',
    'Examples:',
    ...examples.map((example) => `  ${example}`),
    '',
  ].join('\n');
}

const descriptionOf = (field: unknown): string => (field as z.ZodType | undefined)?.description ?? '';

function suggestion(name: string, names: readonly string[]): string {
  const best = names
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .sort((one, other) => one.distance - other.distance)[0];
  return best !== undefined && best.distance <= 5 ? `: did you mean ${best.candidate}?` : '';
}

function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[other.length] ?? 0;
}
