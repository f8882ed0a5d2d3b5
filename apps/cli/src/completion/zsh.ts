import type { CommandEntry, OptionEntry, Values } from './table.js';
import { walk } from './table.js';

const functionOf = (path: readonly string[]): string => ['_sally', ...path].join('_').replaceAll('-', '_');
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
/** Within a specification of _arguments. */
const told = (text: string): string => text.replace(/[\\[\]:]/g, '\\$&');

function action(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `(${values.words.join(' ')})`;
    case 'names':
      return `{_sally_names ${values.of}}`;
    case 'files':
      return '_files';
    case 'programs':
      return '_command_names -e';
    case 'anything':
      return ' ';
  }
}

const option = ({ flags, description, values }: OptionEntry): readonly string[] =>
  flags.map((flag) => quoted(`${flag}[${told(description)}]${values === undefined ? '' : `:value:${action(values)}`}`));

function commandFunction({ path, entry }: ReturnType<typeof walk>[number]): string {
  const options = entry.options.flatMap(option);
  if (entry.commands.length > 0)
    return `${functionOf(path)}() {
  local state line
  local -a commands=(
    ${entry.commands.map(({ name, description }) => quoted(`${name}:${description}`)).join('\n    ')}
  )
  _arguments -C ${options.join(' ')} '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
        ${entry.commands.map(({ name }) => `${name}) ${functionOf([...path, name])} ;;`).join('\n        ')}
      esac ;;
  esac
}`;
  const places = entry.arguments.map(({ name, variadic, values }, at) =>
    quoted(`${variadic ? '*' : at + 1}:${told(name)}:${action(values)}`),
  );
  return `${functionOf(path)}() {
  _arguments ${[...options, ...places].join(' \\\n    ')}
}`;
}

export const renderZsh = (table: CommandEntry): string => `#compdef sally
# Completion of sally for zsh. Put it on your fpath:  sally completion zsh > "\${fpath[1]}/_sally"
# or load it in ~/.zshrc, after compinit:  source <(sally completion zsh)
_sally_names() {
  local -a names=(\${(f)"$(sally completion --names $1 2>/dev/null)"})
  compadd -a names
}
${walk(table).map(commandFunction).join('\n')}
if [[ $funcstack[1] == _sally ]]; then
  _sally "$@"
else
  compdef _sally sally
fi
`;
