import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { type Change, differenceOf } from '../difference.js';
import { type Manifest, kinds, readManifests } from '../manifest.js';
import { shorten } from '../output.js';

interface Applied {
  readonly kind: string;
  readonly name: string;
  readonly result: 'created' | 'changed' | 'unchanged';
  readonly changes: readonly Change[];
}

export function addApply(program: Command, context: CommandContext): void {
  program
    .command('apply')
    .description('make the control plane look like the YAML: issuers, groups, subagents, connections, policies ...')
    .requiredOption('-f, --file <path...>', 'YAML files, several documents each; - for standard input')
    .option('--dry-run', 'show what would change and change nothing')
    .addHelpText(
      'after',
      `
Examples:
  sally apply -f sallyport.yaml --dry-run
  sally apply -f issuers.yaml -f billing.yaml

A document:
  kind: Subagent
  name: etl
  spec: { issuer: ci, claims: { sub: etl }, groups: [etl] }`,
    )
    .action(async (options: { file: readonly string[]; dryRun?: true }) => {
      const manifests: Manifest[] = [];
      for (const path of options.file) {
        const text = path === '-' ? await context.readStdin() : await context.readText(path);
        manifests.push(...(await readManifests(path, text, context.readText)));
      }
      const applied: Applied[] = [];
      for (const manifest of manifests) {
        const one = await apply(manifest, context, options.dryRun === true);
        applied.push(one);
        if (!context.output.json) report(one, context, options.dryRun === true);
      }
      if (context.output.json)
        context.output.line(JSON.stringify({ dryRun: options.dryRun === true, applied }, undefined, 2));
    });
}

async function apply(manifest: Manifest, context: CommandContext, dryRun: boolean): Promise<Applied> {
  const path = `/v1/${kinds[manifest.kind]}/${encodeURIComponent(manifest.name)}`;
  const present = (await context.client().find(path)) as Readonly<Record<string, unknown>> | undefined;
  const changes = differenceOf(manifest.spec, present ?? {});
  const result = present === undefined ? 'created' : changes.length > 0 ? 'changed' : 'unchanged';
  if (!dryRun && result !== 'unchanged') await context.client().send('PUT', path, manifest.spec);
  return { kind: manifest.kind, name: manifest.name, result, changes };
}

function report({ kind, name, result, changes }: Applied, { output }: CommandContext, dryRun: boolean): void {
  const verb = dryRun && result !== 'unchanged' ? `would be ${result}` : result;
  output.line(`${kind} ${name}: ${verb}`);
  if (!dryRun) return;
  for (const { field, from, to } of changes) {
    if (from !== undefined) output.line(`  - ${field}: ${shorten(JSON.stringify(from), 100)}`);
    output.line(`  + ${field}: ${shorten(JSON.stringify(to), 100)}`);
  }
}
