import type { CommandEntry, Values } from './table.js';
import { walk } from './table.js';

const words = (values: readonly string[]): string => values.join(' ');

/** What sets COMPREPLY's candidates. */
function offer(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `words='${words(values.words)}'`;
    case 'names':
      return `words=$(sally completion --names ${values.of} 2>/dev/null)`;
    case 'files':
      return 'compgen_for=-f';
    case 'programs':
      return 'compgen_for=-c';
    case 'anything':
      return ':';
  }
}

const pathOf = (path: readonly string[]): string => path.map((each) => `/${each}`).join('');

function branch({
  path,
  entry,
}: {
  readonly path: readonly string[];
  readonly entry: CommandEntry;
}): readonly string[] {
  const valued = entry.options.filter(({ values }) => values !== undefined);
  return [
    `    '${pathOf(path)}')`,
    `      options='${words(entry.options.flatMap(({ flags }) => flags))}'`,
    `      commands='${words(entry.commands.map(({ name }) => name))}'`,
    ...(valued.length === 0
      ? []
      : [
          '      case $previous in',
          ...valued.map(
            ({ flags, values = { kind: 'anything' } }) => `        ${flags.join('|')}) value=1; ${offer(values)} ;;`,
          ),
          '      esac',
        ]),
    ...(entry.arguments.length === 0
      ? []
      : [
          '      [[ -n $value || $asks_option ]] || case $position in',
          ...entry.arguments.map(({ values, variadic }, at) => `        ${variadic ? '*' : at}) ${offer(values)} ;;`),
          '      esac',
        ]),
    '      ;;',
  ];
}

export function renderBash(table: CommandEntry): string {
  const commands = walk(table);
  const known = commands.slice(1).map(({ path }) => `'${pathOf(path)}'`);
  const taking = commands.flatMap(({ path, entry }) =>
    entry.options.flatMap(({ flags, values }) =>
      values === undefined ? [] : flags.map((flag) => `'${pathOf(path)} ${flag}'`),
    ),
  );
  return `# Completion of sally for bash. Load it in ~/.bashrc:  source <(sally completion bash)
_sally() {
  local line=\${COMP_LINE:0:COMP_POINT} current= previous= path= word value= words= commands= options= compgen_for= ended=
  local position=0 skip= asks_option=
  local -a typed
  # By blanks: bash itself would take host:port apart.
  read -ra typed <<<"$line"
  if [[ $line != *[[:space:]] ]]; then
    current=\${typed[\${#typed[@]}-1]}
    unset "typed[\${#typed[@]}-1]"
  fi
  for word in "\${typed[@]:1}"; do
    previous=$word
    if [[ -n $skip ]]; then skip=; previous=; continue; fi
    if [[ -n $ended ]]; then ((position++)); continue; fi
    if [[ $word == -- ]]; then ended=1; continue; fi
    if [[ $word == -* ]]; then
      case "$path $word" in ${taking.join('|')}) skip=1 ;; esac
      continue
    fi
    case "$path/$word" in
      ${known.join('|')}) path=$path/$word ;;
      *) ((position++)) ;;
    esac
  done
  [[ -n $ended ]] && previous=
  [[ -z $ended && $current == -* ]] && asks_option=1
  case $path in
${commands.flatMap(branch).join('\n')}
  esac
  COMPREPLY=()
  if [[ -z $value && -n $asks_option ]]; then
    words=$options compgen_for=
  elif [[ -z $value && -n $commands ]]; then
    words=$commands compgen_for=
  fi
  if [[ -n $compgen_for ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen $compgen_for -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -F _sally sally
`;
}
