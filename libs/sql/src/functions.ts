import { plainArrays, plainTypes, resultsOf } from './builtin-tables.js';
import { reviewedFunctions } from './builtins.js';
import type { Collector } from './collector.js';
import { readExpression } from './expression.js';
import type { Lineage, OutputColumn } from './facts.js';
import { joinLineage } from './lineage.js';
import { resultsOfMade } from './made-results.js';
import { outputName } from './naming.js';
import { fieldsOf, listOf, nameParts, textOf, unwrap } from './node.js';
import type { Fields } from './node.js';
import type { Scope } from './scope.js';

/** One function in FROM: what may come out of it, and its columns where they are known. */
interface Called {
  readonly columns: readonly OutputColumn[] | undefined;
  readonly reach: Lineage;
}

/** What stands in FROM as a function, or as several (ROWS FROM), under the name that it has without an alias. */
export interface Functions extends Called {
  readonly name: string | undefined;
}

/**
 * Each column holds what its own function makes of its arguments. Whether it is NULL because another one gave more rows tells how
 * many rows there are, which is a condition; so does the number of a row, which may be the value itself (`generate_series(1, pay)`).
 */
export function readFunctions(fields: Fields, alias: string | undefined, scope: Scope, into: Collector): Functions {
  const written = listOf(fields['functions']).map((list) => listOf(unwrap(list)?.fields['items']));
  const [first] = written;
  // Without an alias the first function's own name is the alias.
  const name = first === undefined ? undefined : outputName(first[0], into.subqueries);
  const isOne = written.length === 1 && unnested(first?.[0]).length < 2;
  const called = written.map(([call, definitions]) => {
    const defined = isOne ? fields['coldeflist'] : unwrap(definitions)?.fields['items'];
    return readFunction(call, listOf(defined), isOne ? alias : undefined, scope, into);
  });
  const reach = joinLineage(called.map((each) => each.reach));
  into.filter(reach);
  if (called.some(({ columns }) => columns === undefined)) return { name, columns: undefined, reach };
  const ordinality: OutputColumn = { name: 'ordinality', lineage: reach, verbatim: false };
  const columns = [
    ...called.flatMap((each) => each.columns ?? []),
    ...(fields['ordinality'] === true ? [ordinality] : []),
  ];
  return { name, columns, reach };
}

function readFunction(
  call: unknown,
  defined: readonly unknown[],
  alias: string | undefined,
  scope: Scope,
  into: Collector,
): Called {
  const reach = readExpression(call, scope, into).lineage;
  const column = (name: string, lineage: Lineage): OutputColumn => ({ name, lineage, verbatim: false });
  const all = (names: readonly string[]): Called => ({ columns: names.map((name) => column(name, reach)), reach });
  if (defined.length > 0) return all(defined.map((each) => textOf(unwrap(each)?.fields['colname']) ?? ''));
  const own = alias ?? outputName(call, into.subqueries);
  const wrapped = unwrap(call);
  if (wrapped?.kind === 'SQLValueFunction') return all([own]);
  const unknown: Called = { columns: undefined, reach };
  const parts = wrapped?.kind === 'FuncCall' ? nameParts(wrapped.fields['funcname']) : [];
  const name = parts.at(-1) ?? '';
  const made = into.resolver.madeFunctions(parts.length === 2 ? parts[0] : undefined, name);
  if (made.length > 0) {
    const given = parts.length < 3 ? resultsOfMade(made, parts, into.resolver) : undefined;
    if (given === undefined) return unknown;
    // The name of a parameter goes before an alias.
    return all(given.kind === 'row' ? given.names : [given.name ?? own]);
  }
  const isOwn = parts.length === 1 || (parts.length === 2 && parts[0] === 'pg_catalog');
  if (!isOwn || into.resolver.madeFunctions(undefined, name).length > 0) return unknown;
  if (name === 'unnest') {
    const args = listOf(wrapped?.fields['args']);
    if (!args.every((arg) => isPlainArray(arg, scope, into))) return unknown;
    return { columns: args.map((arg) => column(own, readExpression(arg, scope, into).lineage)), reach };
  }
  const names = resultsOf(name);
  if (names !== undefined) return names === 'of the arguments' ? unknown : all(names);
  return reviewedFunctions.has(name) ? all([own]) : unknown;
}

/** `unnest(a, b)` is two functions. */
const unnested = (call: unknown): readonly unknown[] => {
  const wrapped = unwrap(call);
  const isUnnest = wrapped?.kind === 'FuncCall' && nameParts(wrapped.fields['funcname']).at(-1) === 'unnest';
  return isUnnest ? listOf(wrapped.fields['args']) : [];
};

/** Its elements are no rows, which would be taken apart. */
function isPlainArray(node: unknown, scope: Scope, into: Collector): boolean {
  const wrapped = unwrap(node);
  switch (wrapped?.kind) {
    case 'TypeCast': {
      const type = fieldsOf(wrapped.fields['typeName']);
      return listOf(type?.['arrayBounds']).length > 0 && isPlainType(type, into);
    }
    case 'A_ArrayExpr':
      return listOf(wrapped.fields['elements']).every((element) => isPlainValue(element, into));
    case 'ColumnRef': {
      const { lineage, verbatim } = readExpression(node, scope, into);
      const { relations } = into.resolver.index;
      return (
        verbatim &&
        lineage.complete &&
        lineage.columns.length > 0 &&
        lineage.columns.every(({ schema, table, column }) => {
          const found = relations.get(`${schema}\0${table}`)?.columns.find(({ name }) => name === column);
          return found !== undefined && plainArrays.has(found.type);
        })
      );
    }
    default:
      return false;
  }
}

function isPlainValue(node: unknown, into: Collector): boolean {
  const wrapped = unwrap(node);
  if (wrapped?.kind === 'TypeCast') return isPlainType(fieldsOf(wrapped.fields['typeName']), into);
  return wrapped?.kind === 'A_Const';
}

function isPlainType(type: Fields | undefined, into: Collector): boolean {
  const names = nameParts(type?.['names']);
  const name = names.at(-1) ?? '';
  const isOwn = names[0] === 'pg_catalog' || into.resolver.index.typesNamed(name).length === 0;
  return names.length < 3 && (names.length === 1 || names[0] === 'pg_catalog') && isOwn && plainTypes.has(name);
}
