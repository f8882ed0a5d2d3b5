import { agentConfigSchema } from '@sallyport/agent/config';
import { renderErrors } from '@sallyport/cli/errors';
import { problemCodes } from '@sallyport/control-plane';
import { configSchema as controlPlaneConfigSchema } from '@sallyport/control-plane/config';
import { renderEnforcement } from '@sallyport/policy';
import { controlSubject as postgres } from '@sallyport/postgres/testing';
import { attest } from '@sallyport/protocol-core/testing';
import { proxyConfigSchema } from '@sallyport/proxy/config';
import { describeConfig } from '@sallyport/runtime';
import { renderNodes, renderStatements } from '@sallyport/sql';

/** Pages of docs/ that are written by a program, so that they cannot drift from the code. */
export const pages: readonly { readonly path: string; readonly render: () => string }[] = [
  { path: 'docs/configuration.md', render: renderConfiguration },
  {
    path: 'docs/enforcement.md',
    render: renderAttested,
  },
  {
    path: 'docs/errors.md',
    render: () => `${notice}\n${renderErrors(statusOf)}\n`,
  },
  { path: 'docs/sql-nodes.md', render: () => `${notice}\n${renderNodes().trimEnd()}\n` },
  { path: 'docs/sql-statements.md', render: () => `${notice}\n${renderStatements().trimEnd()}\n` },
];

const notice = '<!-- Written by `npm run docs`: change the code, not this page. -->\n';

const statusOf = (code: string): number | undefined =>
  Object.entries(problemCodes).find(([each]) => each === code)?.[1].status;

/** Not what is declared: what the conformance cases have just shown to hold. Throws where they do not agree. */
function renderAttested(): string {
  const attested = [postgres].map((subject) => ({ protocol: subject.protocol.name, modes: attest(subject) }));
  return `${notice}\n${renderEnforcement(attested).trimEnd()}\n`;
}

function renderConfiguration(): string {
  const programs = [
    { name: 'Control plane', schema: controlPlaneConfigSchema },
    { name: 'Proxy', schema: proxyConfigSchema },
    { name: 'Agent', schema: agentConfigSchema },
  ] as const;
  const sections = programs.map(({ name, schema }) => {
    const rows = describeConfig(schema).map(({ name: variable, description, fallback, required, secret }) => {
      const value = required ? '**required**' : fallback === undefined ? 'optional' : `\`${fallback}\``;
      return `| \`${variable}\` | ${value} | ${description.replaceAll('|', '\\|')}${secret ? ' *Secret.*' : ''} |`;
    });
    return [`## ${name}`, '', '| variable | default | what it is |', '| --- | --- | --- |', ...rows, ''].join('\n');
  });
  return [
    notice,
    '# Configuration',
    '',
    'Every program is configured by its environment. Each variable may also come from a file: `NAME_FILE` names it. A variable that',
    'begins with `SALLYPORT_` and that the program does not know is refused, as is any value that does not fit: the program says',
    'which, why, and ends with code 64.',
    '',
    ...sections,
    'The agent also reads `SALLYPORT_CREDENTIAL_<NAME>_USER` and `SALLYPORT_CREDENTIAL_<NAME>_PASSWORD` for a credential that a',
    'connection calls `<name>`.',
    '',
  ].join('\n');
}
