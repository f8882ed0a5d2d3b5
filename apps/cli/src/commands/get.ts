import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import type { Fields } from '../difference.js';
import { Failure, usage } from '../failure.js';
import { type Kind, kindNamed, kindNames, pathOf, rulesOf } from '../kinds.js';
import { readPages } from '../page.js';
import { inertYaml } from '../yaml.js';

const kindArgument = `one of ${kindNames.join(', ')}`;

export function addGet(program: Command, context: CommandContext): void {
  program
    .command('get')
    .description('write nouns down as `sally apply` reads them; with --json, all that REST says of them')
    .argument('<kind>', kindArgument)
    .argument('[name]', 'only this one')
    .addHelpText('after', '\nExamples:\n  sally get connections > connections.yaml\n  sally get subagent etl --json')
    .action(async (word: string, name: string | undefined) => {
      const kind = kindOrFail(word);
      if (name === undefined && rulesOf(kind).part !== undefined)
        throw usage('whose column tags?', 'name the connection: sally get column-tags billing');
      const views =
        name === undefined
          ? await all(kind, context)
          : [{ name, ...((await context.client().get(pathOf(kind, name))) as Fields) }];
      const answer = name === undefined ? { items: views } : views[0];
      context.output.value(answer, () =>
        context.output.document(inertYaml(views.map((view) => writtenDown(kind, view)))),
      );
    });

  program
    .command('delete')
    .description('delete a noun; a node is forgotten and must enrol again, tags of a connection are emptied')
    .argument('<kind>', kindArgument)
    .argument('<name>', 'its name or id')
    .addHelpText('after', '\nExamples:\n  sally delete subagent etl')
    .action(async (word: string, name: string) => {
      const kind = kindOrFail(word);
      if (rulesOf(kind).part === undefined) await context.client().send('DELETE', pathOf(kind, name));
      else await context.client().send('PUT', pathOf(kind, name), { items: [] });
      context.output.value({ deleted: { kind, name } }, () => context.output.line(`${kind} ${name}: deleted`));
    });
}

function kindOrFail(word: string): Kind {
  const kind = kindNamed(word);
  if (kind === undefined) throw usage(`there is no kind ${word}`, `kinds are ${kindNames.join(', ')}`);
  return kind;
}

/** A configuration is small beside what it governs. */
const most = 100_000;

async function all(kind: Kind, context: CommandContext): Promise<readonly Fields[]> {
  const { items, next } = await readPages<Fields>(context.client(), `/v1/${rulesOf(kind).collection}`, { limit: most });
  // Half a list that looks whole would be applied as one.
  if (next !== null) throw new Failure(`there are more than ${most} of them`, { hint: 'name them one by one' });
  return items;
}

function writtenDown(kind: Kind, view: Fields): Fields {
  const { fields, written } = rulesOf(kind);
  const known = fields.filter((field) => view[field] !== undefined && view[field] !== null);
  const picked = Object.fromEntries(known.map((field) => [field, view[field]]));
  return { kind, name: view['name'], spec: written?.(picked) ?? picked };
}
