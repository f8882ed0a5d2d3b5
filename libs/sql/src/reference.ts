import { nodeKinds } from './node-kinds.js';
import type { NodeRole } from './node-kinds.js';
import { innerStatements, plainStatements, readStatements } from './statement-kinds.js';

const code = (text: string): string => `\`${text}\``;
const byFirst = <Row extends readonly string[]>(rows: readonly Row[]): readonly Row[] =>
  [...rows].sort(([one = ''], [other = '']) => (one < other ? -1 : 1));

/** The page docs/sql-statements.md: every statement of the grammar, and what it needs. */
export function renderStatements(): string {
  const read = Object.entries(readStatements).map(([node, { kind, read: what }]) => [node, kind, what] as const);
  const plain = Object.entries(plainStatements).map(
    ([node, { kind, action }]) => [node, kind, action === undefined ? 'nothing' : code(action)] as const,
  );
  const never = Object.keys(innerStatements).sort().map(code).join(', ');
  return [
    '# What is made of each statement',
    '',
    'Every statement of the PostgreSQL 18 grammar by its node. A statement needs the actions that stand here on what it names',
    '(the database where it names no table), and `select` on what it reads. Of a column that is masked for the caller it also needs',
    '`filter` where the column shapes rows or where failing would tell of a value, and `reveal` where its values are copied or lose',
    'their tag (a rename, DETACH PARTITION). Functions, operators and casts that users made need `call`. What stands inside of',
    'statements is in [the table of nodes](sql-nodes.md).',
    '',
    '| node | statement | needs |',
    '| --- | --- | --- |',
    ...byFirst([...read, ...plain]).map(([node, kind, what]) => `| ${code(node)} | ${kind} | ${what} |`),
    '',
    `Refused, as no statement by themselves: ${never}. A node that is not listed is refused too, wherever it stands: a new version of`,
    'the grammar cannot let something through that nobody has thought about.',
    '',
  ].join('\n');
}

const stands: Readonly<Record<NodeRole, string>> = {
  parts: 'expression',
  expression: 'expression',
  from: 'FROM',
  clause: 'clause',
  definition: 'definition',
  name: 'name, type, option',
  unknown: '',
};

/** The page docs/sql-nodes.md: every other node of the grammar, and what flows out of it. */
export function renderNodes(): string {
  const all = Object.entries(nodeKinds);
  const known = all.flatMap(([node, [role, made]]) =>
    role === 'unknown' ? [] : [[node, stands[role], made] as const],
  );
  const unknown = all.flatMap(([node, [role]]) => (role === 'unknown' ? [node] : []));
  const never = [...unknown, ...Object.keys(innerStatements).filter((node) => innerStatements[node] === 'unknown')];
  return [
    '# What is made of each node inside of a statement',
    '',
    'Every node type of the PostgreSQL 18 grammar but the [statements](sql-statements.md) themselves: where it stands, and what flows out',
    'of it. "A condition" means that the columns in it shape the answer: of a masked one the caller needs `filter`. "Called" means',
    'that the caller needs `call`.',
    '',
    '| node | stands in | what is made of it |',
    '| --- | --- | --- |',
    ...byFirst(known).map(([node, where, made]) => `| ${code(node)} | ${where} | ${made} |`),
    '',
    '## Unknown',
    '',
    'The grammar has these types, for what a server makes of a text once it is parsed, and no text gives one. A statement that holds one',
    'is refused, as is one with a node that is not listed at all, wherever it stands:',
    `${never.sort().map(code).join(', ')}.`,
    '',
  ].join('\n');
}
