import { dirname, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Fields } from './difference.js';
import { type Failure, usage } from './failure.js';
import { type Kind, isKind, kindNames, rulesOf } from './kinds.js';

/** One wished-for noun: `kind`, `name`, `spec`, as `sally apply -f` reads it. */
export interface Manifest {
  readonly kind: Kind;
  readonly name: string;
  readonly spec: Fields;
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
      throw usage(
        `${path}:${problem.linePos?.[0].line ?? '?'}: ${problem.message.split('\n')[0] ?? 'not YAML'}`,
        'mend the YAML; nothing was changed',
      );
    const line = text.slice(0, document.contents?.range?.[0] ?? 0).split('\n').length;
    const place = `${path}:${line}`;
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: 20 });
    } catch (cause) {
      throw usage(`${place}: ${cause instanceof Error ? cause.message : 'cannot be read'}`);
    }
    if (value === null || value === undefined) continue;
    manifests.push(await expand(checkManifest(value, place), path, readText));
  }
  return manifests;
}

/** In the order in which they depend on each other; nothing may be wished for twice. */
export function inOrder(manifests: readonly Manifest[]): readonly Manifest[] {
  const seen = new Map<string, Manifest>();
  for (const manifest of manifests) {
    // A connection's tags may stand with it or apart, not both: the two would undo each other at every apply.
    const isTags = manifest.kind === 'ColumnTags' || (manifest.kind === 'Connection' && 'tags' in manifest.spec);
    for (const what of [`${manifest.kind} ${manifest.name}`, ...(isTags ? [`tags of ${manifest.name}`] : [])]) {
      const other = seen.get(what);
      if (other !== undefined)
        throw usage(`${manifest.place}: ${what}: there already at ${other.place}`, 'keep one of the two');
      seen.set(what, manifest);
    }
  }
  const order = (manifest: Manifest): number => kindNames.indexOf(manifest.kind);
  return [...manifests].sort((one, other) => order(one) - order(other));
}

function checkManifest(value: unknown, place: string): Manifest {
  const fail = (message: string, hint: string): Failure => usage(`${place}: ${message}`, hint);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw fail('not a mapping', 'each document has kind, name and spec');
  const { kind, name, spec, ...rest } = value as Record<string, unknown>;
  const [unknownField] = Object.keys(rest);
  if (unknownField !== undefined) throw fail(`unknown field ${unknownField}`, 'allowed are kind, name and spec');
  if (!isKind(kind)) throw fail(`unknown kind ${String(kind)}`, `kinds are ${kindNames.join(', ')}`);
  if (typeof name !== 'string' || name === '') throw fail('name is missing', 'give the noun a name');
  const fields = spec ?? {};
  if (typeof fields !== 'object' || Array.isArray(fields))
    throw fail('spec is not a mapping', 'write its fields below spec');
  const allowed = [...rulesOf(kind).fields, ...(kind === 'PolicySet' ? ['textFile'] : [])];
  const unknown = Object.keys(fields).find((field) => !allowed.includes(field));
  if (unknown !== undefined) throw fail(`unknown field spec.${unknown}`, `a ${kind} has ${allowed.join(', ')}`);
  return { kind, name, spec: fields as Fields, place };
}

/** A policy set may keep its text in a file of its own: `textFile: production.cedar`, relative to the manifest. */
async function expand(
  manifest: Manifest,
  path: string,
  readText: (path: string) => Promise<string>,
): Promise<Manifest> {
  const { textFile, ...spec } = manifest.spec;
  if (textFile === undefined) return manifest;
  if (typeof textFile !== 'string') throw usage(`${manifest.place}: textFile is not a path`);
  if ('text' in spec) throw usage(`${manifest.place}: both text and textFile`, 'keep one of the two');
  return { ...manifest, spec: { ...spec, text: await readText(resolve(dirname(path), textFile)) } };
}
