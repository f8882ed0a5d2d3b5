import {
  ConfigProblem,
  configOrExit,
  createLogger,
  createShutdown,
  exitCodes,
  exitOnSignals,
  helpText,
} from '@sallyport/runtime';
import { readConfig, SpoolFailure, StartProblem, systemClock, tellStartProblem } from '@sallyport/runtime';
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

try {
  const [node, analyses] = await Promise.all([openProxyNode(config, log), loadAnalyses()]);
  shutdown.add('certificate renewal', node.stop);
  const proxy = await compose({ config, node, analyses, clock: systemClock, log, shutdown });
  process.on('SIGHUP', proxy.reload);
} catch (error) {
  const exitCode = tellStartProblem(program, error instanceof SpoolFailure ? startProblemOf(error) : error);
  await shutdown.run('it could not start');
  process.exit(exitCode);
}

function startProblemOf({ message }: SpoolFailure): StartProblem {
  return new StartProblem(`SALLYPORT_STATE_DIRECTORY: ${message}`, exitCodes.unavailable);
}
