import { Command } from 'commander';
import { addApiTokens } from './commands/api-tokens.js';
import { addApply } from './commands/apply.js';
import { addApprovals } from './commands/approvals.js';
import { addBudgets } from './commands/budgets.js';
import { addCatalog } from './commands/catalog.js';
import { addCompletion } from './commands/completion.js';
import { addConnect } from './commands/connect.js';
import { addDoctor } from './commands/doctor.js';
import { addExplain } from './commands/explain.js';
import { addGet } from './commands/get.js';
import { addJoinTokens } from './commands/join-tokens.js';
import { addLogin } from './commands/login.js';
import { addLogins } from './commands/logins.js';
import { addNodes } from './commands/nodes.js';
import { addObserved } from './commands/observed.js';
import { addRun } from './commands/run.js';
import { addSessions } from './commands/sessions.js';
import { addSuggestions } from './commands/suggestions.js';
import { addToken } from './commands/token.js';
import type { CommandContext } from './context.js';
import type { Streams } from './output.js';

/** The whole of `sally`. Errors are thrown and told by `main`, in one form. */
export function createProgram(context: CommandContext, { out, err }: Streams): Command {
  const program = new Command('sally')
    .description('Sallyport: a gateway that decides every command of your subagents on the wire')
    .option('--json', 'answer with one JSON document; errors too, on standard error')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void out.write(text),
      writeErr: (text) => void err.write(text),
      outputError: () => undefined,
    })
    .addHelpText(
      'after',
      `
Examples:
  sally login --url https://sallyport.example.com
  sally doctor billing --gate gate.example.com:7432 --token-env PGPASSWORD
  sally run billing --gate gate.example.com:7432 --token-file /run/token -- psql
  sally approvals ls --state pending --json
  sally sessions show ses_01J8...

Environment:
  SALLYPORT_URL               the control plane, instead of the stored login
  SALLYPORT_TOKEN             an API token, or a subagent's own token
  SALLYPORT_GATE              the proxy of "connect", "run" and "doctor", host:port
  SALLYPORT_CA                PEM file of an authority to trust beside the system's
  SALLYPORT_CONFIG_DIRECTORY  where the login is kept; by default ~/.config/sallyport

Exit codes: 0 done, 1 failed, 64 usage, 69 unreachable, 70 our own fault, 75 not yet (an approval is pending),
  77 not permitted, 78 not logged in`,
    );
  addLogin(program, context);
  addLogins(program, context);
  addToken(program, context);
  addConnect(program, context);
  addRun(program, context);
  addDoctor(program, context);
  addExplain(program, context);
  addSessions(program, context);
  addBudgets(program, context);
  addApprovals(program, context);
  addApply(program, context);
  addGet(program, context);
  addCatalog(program, context);
  addObserved(program, context);
  addSuggestions(program, context);
  addNodes(program, context);
  addJoinTokens(program, context);
  addApiTokens(program, context);
  addCompletion(program, context);
  return program;
}
