import type { Argument, Command, Option } from 'commander';
import { pages } from '../errors/find.js';
import { kindNames } from '../kinds.js';
import type { NameSource } from './names.js';
import { nameSources } from './names.js';

/** What may stand in a place of a command line. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'names'; readonly of: NameSource }
  | { readonly kind: 'files' | 'programs' | 'anything' };

export interface OptionEntry {
  /** `-f`, `--file`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Absent: it takes no value. */
  readonly values?: Values;
}

/** One command as a shell needs to know it: made of the commands themselves, so that it cannot drift from them. */
export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionEntry[];
  readonly arguments: readonly { readonly name: string; readonly variadic: boolean; readonly values: Values }[];
  readonly commands: readonly CommandEntry[];
}

export function tableOf(command: Command, inherited: readonly Option[] = []): CommandEntry {
  const options = [...command.options, ...inherited].filter(({ hidden }) => !hidden);
  return {
    name: command.name(),
    description: command.description(),
    options: [...options.map(optionEntry), { flags: ['--help'], description: 'usage and examples' }],
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      variadic: argument.variadic,
      values: valuesOf(argument),
    })),
    commands: command.commands.map((inner) => tableOf(inner, options)),
  };
}

const optionEntry = (option: Option): OptionEntry => ({
  flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
  description: option.description,
  ...(option.required || option.optional ? { values: optionValues(option) } : {}),
});

function optionValues(option: Option): Values {
  const { argChoices, flags } = option;
  if (argChoices !== undefined) return { kind: 'words', words: argChoices };
  const [, name = ''] = /<([^>]+)>/.exec(flags) ?? [];
  return named(name) ?? named(option.attributeName()) ?? { kind: 'anything' };
}

function valuesOf(argument: Argument): Values {
  if (argument.argChoices !== undefined) return { kind: 'words', words: argument.argChoices };
  return named(argument.name()) ?? { kind: 'anything' };
}

/** The name of an argument says what it is. */
function named(name: string): Values | undefined {
  const source = nameSources.find((each) => each === `${name}s`);
  if (source !== undefined) return { kind: 'names', of: source };
  switch (name) {
    case 'file':
    case 'arguments':
      return { kind: 'files' };
    case 'program':
      return { kind: 'programs' };
    case 'kind':
      return { kind: 'words', words: kindNames.map((kind) => kind.toLowerCase()) };
    case 'code':
      return { kind: 'words', words: Object.keys(pages) };
    default:
      return undefined;
  }
}

/** Every command with the words that lead to it: `['sessions', 'ls']`. */
export const walk = (
  table: CommandEntry,
  path: readonly string[] = [],
): readonly { readonly path: readonly string[]; readonly entry: CommandEntry }[] => [
  { path, entry: table },
  ...table.commands.flatMap((inner) => walk(inner, [...path, inner.name])),
];
