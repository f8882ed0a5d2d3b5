import {
  ConfigProblem,
  configOrExit,
  createLogger,
  createShutdown,
  exitCodes,
  exitOnSignals,
  helpText,
} from '@sallyport/runtime';
import { readConfig, SpoolFailure, systemClock } from '@sallyport/runtime';
import { EnrolmentProblem } from '@sallyport/pki';
import { compose } from './compose.js';
import { proxyConfigSchema } from './config.js';
import { openProxyNode } from './node.js';
import { loadAnalyses } from './analyses.js';

const program = 'sallyport-proxy';

if (process.argv.includes('--help')) {
  process.stdout.write(
    helpText(program, 'decides, records, masks and holds what clients send to targets', proxyConfigSchema, [
      'SALLYPORT_CONTROL_PLANE=gate.example:7081 SALLYPORT_NAME=gate-1 SALLYPORT_STATE_DIRECTORY=/var/lib/sallyport sallyport-proxy',
    ]),
  );
  process.exit(exitCodes.ok);
}

const config = configOrExit(program, () => {
  const read = readConfig(proxyConfigSchema, process.env);
  if ((read.SALLYPORT_TLS_CERTIFICATE === undefined) !== (read.SALLYPORT_TLS_KEY === undefined))
    throw new ConfigProblem(['SALLYPORT_TLS_CERTIFICATE and SALLYPORT_TLS_KEY are set together, or neither is']);
  return read;
});
const log = createLogger({ name: 'proxy', level: config.SALLYPORT_LOG_LEVEL });
const shutdown = createShutdown({ log });
exitOnSignals(shutdown);

/** What the system said of a port, a file or a directory: the operator's to mend. */
const isUnavailable = (error: unknown): boolean =>
  error instanceof EnrolmentProblem ||
  error instanceof SpoolFailure ||
  (error instanceof Error &&
    'code' in error &&
    ['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'ENOENT'].includes(String(error.code)));

try {
  const [node, analyses] = await Promise.all([openProxyNode(config, log), loadAnalyses()]);
  shutdown.add('certificate renewal', node.stop);
  await compose({ config, node, analyses, clock: systemClock, log, shutdown });
} catch (error) {
  if (isUnavailable(error)) process.stderr.write(`${program}: ${error instanceof Error ? error.message : ''}\n`);
  else log.fatal({ err: error }, 'the proxy could not start');
  await shutdown.run('it could not start');
  process.exit(isUnavailable(error) ? exitCodes.unavailable : exitCodes.failed);
}
