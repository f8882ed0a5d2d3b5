import 'reflect-metadata';
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import {
  configOrExit,
  createLogger,
  createShutdown,
  exitCodes,
  exitOnSignals,
  helpText,
  tellStartProblem,
} from '@sallyport/runtime';
import { configSchema, readConfig } from './config.js';
import type { Config } from './config.js';
import { Database } from './db/database.js';
import { renewSetupToken } from './db/tenancy.js';
import { startControlPlane } from './start.js';

const program = 'sallyport-control-plane';
// What goes wrong there comes back to us, and is said in our words.
setLogVerbosity(logVerbosity.NONE);
const help = helpText(program, 'identities, connections, policies, approvals and audit of Sallyport', configSchema, [
  'node main.js               run it',
  'node main.js setup-token   print a new set-up token, for who lost the first one',
]);

async function run(config: Config): Promise<void> {
  const log = createLogger({ name: program, level: config.logLevel });
  const shutdown = createShutdown({ log, bound: config.shutdownDelay + config.shutdownLimit + 10_000 });
  exitOnSignals(shutdown);
  const starting = startControlPlane(config, log);
  // Also while it starts: what has begun to start is stopped, not left behind.
  shutdown.add('control plane', () =>
    starting.then(
      (controlPlane) => controlPlane.stop(),
      () => undefined,
    ),
  );
  const controlPlane = await starting;
  if (controlPlane.setupToken !== undefined) console.log(`Set-up token: ${controlPlane.setupToken}`);
  console.log(`Sallyport control plane at ${controlPlane.url}`);
}

async function renew(config: Config): Promise<number> {
  if (config.database.kind !== 'url') {
    console.error(`${program}: setup-token needs SALLYPORT_DATABASE_URL`);
    return exitCodes.usage;
  }
  const database = new Database(config.database.url);
  try {
    const token = await renewSetupToken(database);
    if (token === undefined) {
      console.error(`${program}: it is set up already; an admin makes tokens with POST /v1/tokens`);
      return exitCodes.failed;
    }
    console.log(`Set-up token: ${token}`);
    return exitCodes.ok;
  } finally {
    await database.$disconnect();
  }
}

const [command, ...rest] = process.argv.slice(2);
if (command === '--help' || command === '-h') {
  console.log(help);
} else if (rest.length > 0 || (command !== undefined && command !== 'setup-token')) {
  console.error(help);
  process.exitCode = exitCodes.usage;
} else {
  const config = configOrExit(program, () => readConfig(process.env));
  try {
    if (command === undefined) await run(config);
    else process.exitCode = await renew(config);
  } catch (problem) {
    process.exit(tellStartProblem(program, problem));
  }
}
