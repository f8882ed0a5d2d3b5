import 'reflect-metadata';
import { ConfigProblem, readConfig } from './config.js';
import type { Config } from './config.js';
import { Database } from './db/database.js';
import { renewSetupToken } from './db/tenancy.js';
import { createLog } from './log.js';
import { startControlPlane } from './start.js';

/** Exit codes: 0 stopped as asked, 1 failed, 64 called or configured wrongly. */
async function main([command, ...rest]: readonly string[]): Promise<number> {
  const config = readConfig(process.env);
  if (command === 'setup-token' && rest.length === 0) return renew(config);
  if (command !== undefined) {
    console.error(
      'usage: main.js               run the control plane\n       main.js setup-token   print a new set-up token',
    );
    return 64;
  }
  const log = createLog(config.logLevel, (line) => process.stderr.write(line));
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
  const controlPlane = await startControlPlane(config, log);
  if (controlPlane.setupToken !== undefined) console.log(`Set-up token: ${controlPlane.setupToken}`);
  console.log(`Sallyport control plane at ${controlPlane.url}`);
  log.info({ signal: await asked }, 'stopping');
  await controlPlane.stop();
  return 0;
}

async function renew(config: Config): Promise<number> {
  if (config.database.kind !== 'url') {
    console.error('stop the control plane and point SALLYPORT_DATABASE_URL at its database');
    return 64;
  }
  const database = new Database(config.database.url);
  try {
    const token = await renewSetupToken(database);
    if (token === undefined) {
      console.error('this installation is set up already; an admin makes tokens with POST /v1/tokens');
      return 1;
    }
    console.log(`Set-up token: ${token}`);
    return 0;
  } finally {
    await database.$disconnect();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (problem) {
  if (problem instanceof ConfigProblem) {
    for (const line of problem.problems) console.error(line);
    process.exitCode = 64;
  } else {
    console.error(problem instanceof Error ? problem.message : String(problem));
    process.exitCode = 1;
  }
}
