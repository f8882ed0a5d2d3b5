import type { Command } from 'commander';
import type { RestClient } from '../client.js';
import { createRestClient } from '../client.js';
import type { CommandContext } from '../context.js';
import type { Check } from '../doctor/check.js';
import { examine } from '../doctor/examine.js';
import { Failure, exitCodes, usage } from '../failure.js';
import { type GateOptions, addGateOptions, readGate } from '../gate-options.js';
import { clientOfLogin } from '../login-renewal.js';
import { openTokenSource } from '../token-source.js';

interface DoctorOptions extends GateOptions {
  readonly database?: string;
}

export function addDoctor(program: Command, context: CommandContext): void {
  addGateOptions(
    program
      .command('doctor')
      .description('check each hop from here to the target, and say which is broken and how to mend it')
      .argument('[connection]', 'the connection to try; without one an admin sees nodes and targets of all')
      .option('--database <name>', 'the database to try, by default that of the connection'),
  )
    .addHelpText(
      'after',
      `
It goes the ordinary ways: REST to the control plane where there is a login, an ordinary login and \`select 1\` at the
gate where there is a token (both are recorded like any other). A subagent needs its token and the gate alone; an admin
or auditor who is logged in also sees nodes, policy versions, targets, issuers, and why a login was refused.
Exits with 1 when anything is broken.

Examples:
  sally doctor billing --gate gate.example.com:7432 --token-env PGPASSWORD
  sally doctor billing --gate gate.example.com:7432 --token-file /var/run/secrets/tokens/sallyport --json
  sally doctor   # as an admin: nodes, policies, targets, issuers`,
    )
    .action(async (connection: string | undefined, options: DoctorOptions) => {
      const token = await tokenOf(options, context);
      const checks = await examine({
        connection,
        database: options.database,
        gate: await readGate(options, context),
        token,
        client: clientOf(token, context),
        now: context.now,
      });
      const bad = checks.filter(({ state }) => state === 'broken');
      context.output.value({ ok: bad.length === 0, checks }, () => {
        for (const check of checks) for (const line of linesOf(check, widthOf(checks))) context.output.line(line);
      });
      if (bad.length > 0)
        throw new Failure(`${bad.length} of ${checks.length} checks: ${bad.map(({ name }) => name).join(', ')}`, {
          hint: 'mend the first one first: others may follow from it',
          exitCode: exitCodes.failed,
        });
    });
}

const widthOf = (checks: readonly Check[]): number => Math.max(...checks.map(({ name }) => name.length));

function linesOf({ state, name, says, next, code }: Check, width: number): readonly string[] {
  const indent = ' '.repeat('not checked'.length + width + 4);
  return [
    `${state.padEnd('not checked'.length)}  ${name.padEnd(width)}  ${says}`,
    ...(next === undefined ? [] : [`${indent}next: ${next}`]),
    ...(code === undefined ? [] : [`${indent}more: sally explain ${code}`]),
  ];
}

/** What is wrong with the token is a finding, not an end. */
async function tokenOf(options: DoctorOptions, { env }: CommandContext): Promise<string | Failure> {
  try {
    const token = await (await openTokenSource(options, env))();
    return token.startsWith('sat_')
      ? usage(`${options.tokenEnv} holds an API token, which is for REST: give the subagent’s with --token-...`)
      : token;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}

/** With the login of a person, if there is one; else the subagent's own token asks whom it is taken for. */
function clientOf(token: string | Failure, context: CommandContext): RestClient | Failure {
  const { SALLYPORT_TOKEN: given, ...rest } = context.env;
  try {
    if (given === undefined || given.startsWith('sat_')) return context.client();
    return clientOfLogin({ ...context, env: rest });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const url = context.env['SALLYPORT_URL'];
    return url === undefined || token instanceof Failure ? error : createRestClient({ url, token });
  }
}
