import { dirname, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { Failure, exitCodes } from './failure.js';

/** Every noun that can be written down; in the order in which they depend on each other. */
export const kinds = {
  Class: 'classes',
  Group: 'groups',
  Issuer: 'issuers',
  User: 'users',
  Subagent: 'subagents',
  Connection: 'connections',
  PolicySet: 'policy-sets',
} as const;
export type Kind = keyof typeof kinds;

const order = Object.keys(kinds) as readonly Kind[];
const isKind = (value: unknown): value is Kind => typeof value === 'string' && Object.hasOwn(kinds, value);

/** One wished-for noun: `kind`, `name`, `spec`, as `sally apply -f` reads it. */
export interface Manifest {
  readonly kind: Kind;
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** `file:line`, for messages. */
  readonly place: string;
}

/** @throws Failure naming file, line and the way out. */
export async function readManifests(
  path: string,
  text: string,
  readText: (path: string) => Promise<string>,
): Promise<readonly Manifest[]> {
  const manifests: Manifest[] = [];
  for (const document of parseAllDocuments(text, { prettyErrors: true, strict: true, uniqueKeys: true })) {
    const [problem] = document.errors;
    if (problem !== undefined)
      throw new Failure(
        `${path}:${problem.linePos?.[0].line ?? '?'}: ${problem.message.split('\n')[0] ?? 'not YAML'}`,
        {
          exitCode: exitCodes.usage,
        },
      );
    const value: unknown = document.toJS({ maxAliasCount: 20 });
    if (value === null || value === undefined) continue;
    const line = text.slice(0, document.contents?.range?.[0] ?? 0).split('\n').length;
    manifests.push(await expand(checkManifest(value, `${path}:${line}`), path, readText));
  }
  return manifests.sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind));
}

function checkManifest(value: unknown, place: string): Manifest {
  const fail = (message: string, hint: string): never => {
    throw new Failure(`${place}: ${message}`, { hint, exitCode: exitCodes.usage });
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail('not a mapping', 'each document has kind, name and spec');
  const { kind, name, spec, ...rest } = value as Record<string, unknown>;
  const [unknownField] = Object.keys(rest);
  if (unknownField !== undefined) return fail(`unknown field ${unknownField}`, 'allowed are kind, name and spec');
  if (!isKind(kind)) return fail(`unknown kind ${String(kind)}`, `kinds are ${order.join(', ')}`);
  if (typeof name !== 'string' || name === '') return fail('name is missing', 'give the noun a name');
  const fields = spec ?? {};
  if (typeof fields !== 'object' || Array.isArray(fields))
    return fail('spec is not a mapping', 'write its fields below spec');
  return { kind, name, spec: fields as Record<string, unknown>, place };
}

/** A policy set may keep its text in a file of its own: `textFile: production.cedar`, relative to the manifest. */
async function expand(
  manifest: Manifest,
  path: string,
  readText: (path: string) => Promise<string>,
): Promise<Manifest> {
  const { textFile, ...spec } = manifest.spec;
  if (manifest.kind !== 'PolicySet' || textFile === undefined) return manifest;
  if (typeof textFile !== 'string')
    throw new Failure(`${manifest.place}: textFile is not a path`, { exitCode: exitCodes.usage });
  return { ...manifest, spec: { ...spec, text: await readText(resolve(dirname(path), textFile)) } };
}
