import type { CommandEntry, OptionEntry, Values } from './table.js';
import { walk } from './table.js';

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

function offer(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `-x -a ${quoted(values.words.join(' '))}`;
    case 'names':
      return `-x -a '(sally completion --names ${values.of} 2>/dev/null)'`;
    case 'files':
      return '-r -F';
    case 'programs':
      return "-x -a '(__fish_complete_subcommand)'";
    case 'anything':
      return '-x';
  }
}

const flag = (text: string): string => (text.startsWith('--') ? `-l ${text.slice(2)}` : `-s ${text.slice(1)}`);

const option = (condition: string, { flags, description, values }: OptionEntry): string =>
  `complete -c sally -n ${condition} ${flags.map(flag).join(' ')}${values === undefined ? '' : ` ${offer(values)}`} -d ${quoted(description)}`;

function lines({ path, entry }: ReturnType<typeof walk>[number]): readonly string[] {
  const at = quoted(`__sally_at ${path.map((each) => `/${each}`).join('') || '/'}`);
  return [
    ...entry.commands.map(({ name, description }) => `complete -c sally -n ${at} -a ${name} -d ${quoted(description)}`),
    ...entry.options.map((each) => option(at, each)),
    ...entry.arguments.flatMap(({ values, variadic }, place) => {
      if (values.kind === 'anything') return [];
      const test = `__sally_at ${path.map((each) => `/${each}`).join('')} ${variadic ? `${place}+` : place}`;
      return [`complete -c sally -n ${quoted(test)} ${offer(values).replace(/^-[xr] /, '')}`];
    }),
  ];
}

export function renderFish(table: CommandEntry): string {
  const commands = walk(table);
  const slashed = (path: readonly string[]): string => path.map((each) => `/${each}`).join('');
  const taking = commands.flatMap(({ path, entry }) =>
    entry.options.flatMap(({ flags, values }) =>
      values === undefined ? [] : flags.map((each) => quoted(`${slashed(path)} ${each}`)),
    ),
  );
  return `# Completion of sally for fish:  sally completion fish > ~/.config/fish/completions/sally.fish
set -g __sally_commands ${commands
    .slice(1)
    .map(({ path }) => slashed(path))
    .join(' ')}
set -g __sally_taking ${taking.join(' ')}
# Are we at this command, and, where a second word is given, at this place of its arguments?
function __sally_at
    set -l path ''
    set -l position 0
    set -l skip
    set -l typed (commandline -opc)
    for word in $typed[2..-1]
        if test -n "$skip"
            set skip
        else if test "$word" = --
            continue
        else if string match -q -- '-*' $word
            contains -- "$path $word" $__sally_taking; and set skip 1
        else if contains -- "$path/$word" $__sally_commands
            set path $path/$word
        else
            set position (math $position + 1)
        end
    end
    test "$path" = (string replace -r '^/$' '' -- $argv[1]); or return 1
    set -q argv[2]; or return 0
    if string match -q '*+' -- $argv[2]
        test $position -ge (string trim -r -c + -- $argv[2])
    else
        test $position -eq $argv[2]
    end
end
complete -c sally -f
${commands.flatMap(lines).join('\n')}
`;
}
