import { type Stack, clientNames } from '../stack/stack.js';
import { connectionString } from './caller.js';

/** What to paste, and where things are. */
export async function tell(stack: Stack, say: (line: string) => void): Promise<void> {
  say('\nEach line is one subagent with its own token (they live for an hour):\n');
  for (const name of clientNames.filter((client) => client !== 'brief' && client !== 'stranger'))
    say(`# ${name}\nPGPASSWORD=${await stack.token(name)} \\\n  psql "${connectionString(stack)}"\n`);
  say(`Try, as etl:       select * from payments limit 3;   drop table payments;
Try, as deployer:  delete from payments where id = 1;
  and agree to it in another terminal, as the human ada:
  export SALLYPORT_URL=${stack.controlPlaneUrl} SALLYPORT_TOKEN=${stack.adminToken}
  npx sally approvals ls --state pending;   npx sally approvals approve apr_...
  npx sally sessions ls;                    npx sally sessions show ses_...

REST      ${stack.controlPlaneUrl}/v1      docs ${stack.controlPlaneUrl}/docs
Logs      ${stack.directory}/logs

Ctrl-C stops everything and leaves nothing behind.`);
}
