import { causeTables, statesOf } from './find.js';
import { ownPages } from './own.js';
import type { Causes, Pages } from './page.js';
import { problemPages } from './problems.js';
import { refusalPages } from './refusals.js';

/** docs/errors.md. */
export function renderErrors(statusOf: (code: string) => number | undefined): string {
  const status = (code: string): string => {
    const number = statusOf(code);
    return number === undefined ? '' : `HTTP ${number}`;
  };
  const states = (code: string): string => {
    const all = statesOf(code);
    return all.length === 0 ? '' : `SQLSTATE ${all.join(' or ')}`;
  };
  const section = (title: string, about: string, pages: Pages): readonly string[] => [
    `## ${title}`,
    '',
    about,
    '',
    ...Object.entries(pages).flatMap(([code, page]) => entry(code, page, [states(code), status(code)])),
  ];
  return [
    '# Errors',
    '',
    'Every error of Sallyport has a stable code. A code is never renamed, and means the same wherever it stands:',
    '',
    '| where | how it says the code |',
    '| --- | --- |',
    '| PostgreSQL, through a proxy | DETAIL is JSON: `{"code":"approval_pending", …}`; HINT is for people; SQLSTATE as below |',
    '| REST | `code` of the problem (RFC 9457); `type` is `urn:sallyport:problem:CODE` |',
    '| `sally` | the last line of a failure; with `--json`, `error.code` |',
    '| the audit | `code` of what was refused, `cause` of a refused login |',
    '',
    '`sally explain CODE` shows an entry of this page, without a network; it takes an SQLSTATE or a cause as well. An error of the',
    'target itself comes with the target’s own SQLSTATE and without such a DETAIL. What control plane, proxy and agent say when they',
    'cannot start, and their exit codes: [operations.md](operations.md#exit-codes).',
    '',
    ...section('Of a proxy', 'What a client gets on the wire; three of them come over REST, too.', refusalPages),
    ...causeTables.flatMap(({ title, below, causes }) => causeTable(title, below, causes)),
    ...section('Of REST', 'What the control plane answers beside these.', problemPages),
    ...section('Of `sally`', 'What the CLI says by itself; a code of the server goes before these.', ownPages),
  ]
    .join('\n')
    .trimEnd();
}

const entry = (code: string, { what, why, next }: Pages[string], numbers: readonly string[]): readonly string[] => {
  const known = numbers.filter((each) => each !== '');
  return [
    `### ${code}`,
    '',
    ...(known.length === 0 ? [] : [`*${known.join(', ')}.*`, '']),
    `- **What happened**: ${what}`,
    `- **Why**: ${why}`,
    `- **What to do**: ${next}`,
    '',
  ];
};

const causeTable = (title: string, below: string, causes: Causes): readonly string[] => [
  `### ${title}`,
  '',
  `Below [\`${below}\`](#${below}).`,
  '',
  '| cause | why | what to do |',
  '| --- | --- | --- |',
  ...Object.entries(causes).map(([cause, { why, next }]) => `| \`${cause}\` | ${why} | ${next} |`),
  '',
];
