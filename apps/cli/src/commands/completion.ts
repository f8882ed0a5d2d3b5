import { Argument, Option } from 'commander';
import type { Command } from 'commander';
import { renderBash } from '../completion/bash.js';
import { renderFish } from '../completion/fish.js';
import { type NameSource, nameSources, namesOf } from '../completion/names.js';
import { tableOf } from '../completion/table.js';
import { renderZsh } from '../completion/zsh.js';
import type { CommandContext } from '../context.js';
import { usage } from '../failure.js';
import { clientOfLogin } from '../login-renewal.js';

const shells = { bash: renderBash, zsh: renderZsh, fish: renderFish } as const;
type Shell = keyof typeof shells;

/** Somebody waits with a finger on the tab key. */
const patience = 3_000;

export function addCompletion(program: Command, context: CommandContext): void {
  program
    .command('completion')
    .description('print what completes commands, options and names in your shell')
    .addArgument(new Argument('[shell]', 'your shell').choices(Object.keys(shells)))
    .addOption(new Option('--names <noun>', 'for the shell: print the names of these').choices(nameSources).hideHelp())
    .addHelpText(
      'after',
      `
Names of connections, pending approvals and open sessions are asked for as you type, where you are logged in.

Examples:
  source <(sally completion bash)      # in ~/.bashrc
  source <(sally completion zsh)       # in ~/.zshrc, after compinit
  sally completion fish > ~/.config/fish/completions/sally.fish`,
    )
    .action(async (shell: Shell | undefined, { names }: { readonly names?: NameSource }) => {
      if (names !== undefined) return tellNames(names, context);
      if (shell === undefined) throw usage('which shell?', `one of ${Object.keys(shells).join(', ')}`);
      const script = shells[shell](tableOf(program));
      context.output.value({ shell, script }, () => context.output.document(script));
    });
}

/** Nothing, where they cannot be had: an error in the middle of a line that is being typed helps nobody. */
async function tellNames(noun: NameSource, context: CommandContext): Promise<void> {
  const { output } = context;
  try {
    const names = await namesOf(noun, clientOfLogin(context, patience));
    output.value({ items: names }, () => names.forEach((name) => output.line(name)));
  } catch {
    output.value({ items: [] }, () => undefined);
  }
}
