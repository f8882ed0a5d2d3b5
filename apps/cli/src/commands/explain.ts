import type { Command } from 'commander';
import type { CommandContext } from '../context.js';
import { type Found, findErrors, pages } from '../errors/find.js';
import { usage } from '../failure.js';

export function addExplain(program: Command, context: CommandContext): void {
  program
    .command('explain')
    .description('what an error code means, why it came and what to do; needs no network')
    .argument('[code]', 'a code, an SQLSTATE of a proxy, or a cause from the audit; without one, all codes are listed')
    .addHelpText('after', '\nExamples:\n  sally explain approval_pending\n  sally explain SP004\n  sally explain')
    .action((code: string | undefined) => {
      if (code === undefined) {
        const codes = Object.entries(pages).map(([each, { what }]) => ({ code: each, what }));
        return context.output.value({ items: codes }, () =>
          context.output.table(
            ['code', 'what happened'],
            codes.map((each) => [each.code, each.what]),
          ),
        );
      }
      const found = findErrors(code);
      if (found.length === 0)
        throw usage(
          `${code} is no code of Sallyport`,
          '`sally explain` lists them; any other SQLSTATE is the target’s own (PostgreSQL, appendix A)',
        );
      context.output.value({ items: found }, () => {
        for (const each of found) for (const line of linesOf(each)) context.output.line(line);
      });
    });
}

function linesOf(found: Found): readonly string[] {
  if (found.kind === 'cause')
    return [
      `${found.code} (cause of ${found.below})`,
      `  why         ${found.cause.why}`,
      `  what to do  ${found.cause.next}`,
    ];
  const { what, why, next } = found.page;
  return [
    found.sqlstates.length === 0 ? found.code : `${found.code} (SQLSTATE ${found.sqlstates.join(' or ')})`,
    `  happened    ${what}`,
    `  why         ${why}`,
    `  what to do  ${next}`,
  ];
}
