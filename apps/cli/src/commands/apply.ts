import type { Command } from 'commander';
import { createTwoFilesPatch } from 'diff';
import type { CommandContext } from '../context.js';
import type { Change } from '../difference.js';
import { sameValue } from '../difference.js';
import { Failure } from '../failure.js';
import { type Manifest, inOrder, readManifests } from '../manifest.js';
import { type Reconciled, carryOut, checkPolicies, inSteps, joined, planFor } from '../reconcile.js';

export function addApply(program: Command, context: CommandContext): void {
  program
    .command('apply')
    .description('make the control plane look like the YAML')
    .requiredOption('-f, --file <path...>', 'YAML files, several documents each; - for standard input')
    .option('--dry-run', 'show what would change, check policy texts, and change nothing')
    .addHelpText(
      'after',
      `
Examples:
  sally apply -f sallyport.yaml --dry-run
  sally apply -f issuers.yaml -f billing.yaml
  sally get connections | sally apply -f -

A document:
  kind: Subagent
  name: etl
  spec: { issuer: ci, claims: { sub: etl }, groups: [etl] }

Kinds: Class, Group, Issuer, User, Subagent, Connection, ColumnTags, PolicySet; Agent and Proxy once they enrolled.
What a document does not mention stays as it is. Nothing is deleted: \`sally delete\` does that. A new name is a new noun.`,
    )
    .action(async ({ file, dryRun = false }: { file: readonly string[]; dryRun?: boolean }) => {
      const manifests: Manifest[] = [];
      for (const path of file) {
        const text = path === '-' ? await context.readStdin() : await context.readText(path);
        manifests.push(...(await readManifests(path, text, context.readText)));
      }
      await applyAll(inSteps(inOrder(manifests)), context, dryRun);
    });
}

async function applyAll(steps: readonly Manifest[], context: CommandContext, dryRun: boolean): Promise<void> {
  const { output } = context;
  const applied = new Map<string, Reconciled>();
  const keyOf = ({ kind, name }: Manifest): string => `${kind} ${name}`;
  for (const [at, step] of steps.entries()) {
    const key = keyOf(step);
    try {
      const { manifest: _manifest, body: _body, ...done } = await perform(step, context, dryRun);
      const before = applied.get(key);
      applied.set(key, before === undefined ? done : joined(before, done));
    } catch (error) {
      throw error instanceof Failure ? placed(error, step, applied.size) : error;
    }
    const one = applied.get(key);
    const isLast = !steps.slice(at + 1).some((later) => keyOf(later) === key);
    if (one !== undefined && isLast && !output.json) report(one, context, dryRun);
  }
  output.value({ dryRun, applied: [...applied.values()] }, () => undefined);
}

async function perform(manifest: Manifest, context: CommandContext, dryRun: boolean) {
  const client = context.client();
  const plan = await planFor(manifest, client);
  if (!dryRun) await carryOut(plan, client);
  for (const warning of await checkPolicies(plan, client))
    context.output.note(`${manifest.kind} ${manifest.name}: ${warning}`);
  return plan;
}

/** The server's own words, and where in the YAML they belong. */
const placed = (failure: Failure, { kind, name, place }: Manifest, before: number): Failure =>
  new Failure(`${place}: ${kind} ${name}: ${failure.message}`, {
    details: failure.details,
    exitCode: failure.exitCode,
    hint:
      failure.hint ?? `the ${before} before it are done; mend this one and apply again: what is done stays unchanged`,
    ...(failure.code === undefined ? {} : { code: failure.code }),
  });

function report({ kind, name, result, changes }: Reconciled, { output }: CommandContext, dryRun: boolean): void {
  output.line(`${kind} ${name}: ${dryRun && result !== 'unchanged' ? `would be ${result}` : result}`);
  if (dryRun) for (const change of changes) for (const line of describeChange(change)) output.line(`  ${line}`);
}

/** Texts line by line, lists by their members, all else by value. */
function describeChange({ field, from, to }: Change): readonly string[] {
  const shown = (value: unknown): string => JSON.stringify(value);
  if (typeof to === 'string' && (to.includes('\n') || (typeof from === 'string' && from.includes('\n'))))
    return [
      `${field}:`,
      ...createTwoFilesPatch('', '', typeof from === 'string' ? from : '', to, '', '', { context: 1 })
        .split('\n')
        .filter((line) => /^[-+ @](?!--|\+\+)/.test(line))
        .map((line) => `  ${line}`),
    ];
  if (Array.isArray(to)) {
    const old: readonly unknown[] = Array.isArray(from) ? from : [];
    const missing = (list: readonly unknown[], value: unknown): boolean => !list.some((one) => sameValue(one, value));
    return [
      ...old.filter((value) => missing(to, value)).map((value) => `- ${field}: ${shown(value)}`),
      ...to.filter((value: unknown) => missing(old, value)).map((value: unknown) => `+ ${field}: ${shown(value)}`),
    ];
  }
  return [...(from === undefined || from === null ? [] : [`- ${field}: ${shown(from)}`]), `+ ${field}: ${shown(to)}`];
}
