import {
  configOrExit,
  createLogger,
  createShutdown,
  exitCodes,
  exitOnSignals,
  helpText,
  readConfig,
  tellStartProblem,
} from '@sallyport/runtime';
import { compose } from './compose.js';
import { agentConfigSchema, isCredentialVariable } from './config.js';

const program = 'sallyport-agent';

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(
    helpText(
      program,
      'holds the credentials of targets and opens them for proxies; dials out only',
      agentConfigSchema,
      [
        'SALLYPORT_CONTROL_PLANE=gate.example.com:7081 SALLYPORT_ENROLMENT=gate.example.com:7082 \\',
        '  SALLYPORT_JOIN_TOKEN=spj_... SALLYPORT_NAME=billing-agent SALLYPORT_STATE_DIRECTORY=/var/lib/sallyport \\',
        '  SALLYPORT_CREDENTIAL_BILLING_USER=app SALLYPORT_CREDENTIAL_BILLING_PASSWORD=... node dist/main.js',
      ],
    ),
  );
  process.exit(exitCodes.ok);
}

const config = configOrExit(program, () =>
  readConfig(agentConfigSchema, process.env, { alsoKnown: isCredentialVariable }),
);
const log = createLogger({ name: 'agent', level: config.SALLYPORT_LOG_LEVEL });
const shutdown = createShutdown({ log });
exitOnSignals(shutdown);

try {
  await compose(config, process.env, { log, shutdown });
} catch (error) {
  const exitCode = tellStartProblem(program, error);
  await shutdown.run('it could not start');
  process.exit(exitCode);
}
