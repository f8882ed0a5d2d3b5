import { controls } from '@sallyport/kernel';
import type { Mode } from '@sallyport/kernel';

export interface ProtocolModes {
  readonly protocol: string;
  readonly modes: readonly Mode[];
}

const meanings: Readonly<Record<(typeof controls)[number], string>> = {
  statement: 'every command is decided before the target sees it',
  mask: 'what a reader may not see is masked in every answer',
  filter: 'masked columns cannot be used to shape an answer without `filter`',
  hold: 'a command can wait for a human',
  preview: 'a held write is run to show its effect, and committed or rolled back by the verdict',
  budget:
    'a used-up limit stops the next command, and an answer where it is reached; what is written is counted when it is done, rows of a COPY from the client while they come',
  evidence: 'a record is kept before the command is sent, and its outcome after',
  kill: 'what runs at the target can be stopped',
};

const cell = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

/** The page docs/enforcement.md: protocol and mode by control, from what was attested. */
export const renderEnforcement = (protocols: readonly ProtocolModes[]): string => {
  const rows = [...protocols].sort((a, b) => (a.protocol < b.protocol ? -1 : 1));
  const gaps = rows.flatMap(({ protocol, modes }) =>
    modes.flatMap((mode) =>
      controls
        .filter((control) => !mode.enforces.includes(control))
        .map(
          (control) =>
            `- **${cell(protocol)}, ${cell(mode.name)}: ${control}.** ${cell(mode.gaps[control] ?? 'Not enforced.')}`,
        ),
    ),
  );
  return [
    '# What is enforced where',
    '',
    'A control is marked yes where a conformance test of it in that mode exists and passed: running those tests writes this page.',
    '',
    'A policy that asks a connection for more than its protocol enforces is refused when it is published.',
    '',
    `| protocol | mode | ${controls.join(' | ')} |`,
    `| --- | --- |${' --- |'.repeat(controls.length)}`,
    ...rows.flatMap(({ protocol, modes }) =>
      modes.map((mode) => {
        const marks = controls.map((control) => (mode.enforces.includes(control) ? 'yes' : 'no'));
        return `| ${cell(protocol)} | ${cell(mode.name)} | ${marks.join(' | ')} |`;
      }),
    ),
    '',
    ...controls.map((control) => `- **${control}**: ${meanings[control]}`),
    '',
    '## Gaps, and why',
    '',
    ...(gaps.length > 0 ? gaps : ['None.']),
    '',
  ].join('\n');
};
