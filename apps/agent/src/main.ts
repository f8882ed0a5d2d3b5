import { EnrolmentProblem } from '@sallyport/pki';
import { ConfigProblem, configOrExit, exitCodes, exitOnSignals, helpText, readConfig } from '@sallyport/runtime';
import { compose } from './compose.js';
import { agentConfigSchema, isCredentialVariable } from './config.js';

if (process.argv.includes('--help') || process.argv.includes('-h')) {
  process.stdout.write(
    helpText(
      'sallyport agent',
      'holds the credentials of targets and opens them for proxies; dials out only',
      agentConfigSchema,
      [
        'SALLYPORT_CONTROL_PLANE=gate.example.com:7081 SALLYPORT_ENROLMENT=gate.example.com:7082 \\',
        '  SALLYPORT_JOIN_TOKEN=spj_... SALLYPORT_NAME=billing-agent SALLYPORT_STATE_DIRECTORY=/var/lib/sallyport \\',
        '  SALLYPORT_CREDENTIAL_BILLING_USER=app SALLYPORT_CREDENTIAL_BILLING_PASSWORD=... node dist/main.js',
      ],
    ),
  );
} else {
  const config = configOrExit('agent', () =>
    readConfig(agentConfigSchema, process.env, { alsoKnown: isCredentialVariable }),
  );
  try {
    exitOnSignals(await compose(config, process.env));
  } catch (error) {
    if (error instanceof ConfigProblem) {
      for (const problem of error.problems) process.stderr.write(`agent: ${problem}\n`);
      process.exit(exitCodes.usage);
    }
    if (error instanceof EnrolmentProblem) {
      process.stderr.write(`agent: ${error.message}\n`);
      process.exit(error.temporary ? exitCodes.unavailable : exitCodes.usage);
    }
    throw error;
  }
}
