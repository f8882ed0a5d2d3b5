import { Command } from 'commander';
import { addApply } from './commands/apply.js';
import { addApprovals } from './commands/approvals.js';
import { addConnect } from './commands/connect.js';
import { addLogin } from './commands/login.js';
import { addSessions } from './commands/sessions.js';
import { addToken } from './commands/token.js';
import type { CommandContext } from './context.js';

/** The whole of `sally`. */
export function createProgram(context: CommandContext): Command {
  const program = new Command('sally')
    .description('Sallyport: a gateway that decides every command of your subagents on the wire')
    .option('--json', 'print JSON for programs')
    .showHelpAfterError('(add --help for usage and examples)')
    .addHelpText(
      'after',
      `
Environment:
  SALLYPORT_URL     the control plane, instead of the stored login
  SALLYPORT_TOKEN   an API token, or a subagent's own token

Exit codes: 0 done, 1 failed, 64 usage, 69 unreachable, 75 not yet (an approval is pending), 77 not permitted`,
    );
  addLogin(program, context);
  addToken(program, context);
  addConnect(program, context);
  addSessions(program, context);
  addApprovals(program, context);
  addApply(program, context);
  return program;
}
