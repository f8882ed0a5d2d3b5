import cluster from 'node:cluster';
import { ConfigProblem, configOrExit, createLogger, exitCodes, helpText, readConfig } from '@sallyport/runtime';
import { proxyConfigSchema } from './config.js';
import { configOfWorker, leftByWorkers, workerProblems } from './worker-config.js';

const program = 'sallyport-proxy';

if (process.argv.includes('--help')) {
  process.stdout.write(
    helpText(program, 'decides, records, masks and holds what clients send to targets', proxyConfigSchema, [
      'SALLYPORT_CONTROL_PLANE=gate.example:7081 SALLYPORT_NAME=gate-1 SALLYPORT_STATE_DIRECTORY=/var/lib/sallyport sallyport-proxy',
      'SALLYPORT_WORKERS=4 ... sallyport-proxy   # four cores behind one port',
    ]),
  );
  process.exit(exitCodes.ok);
}

const config = configOrExit(program, () => {
  const read = readConfig(proxyConfigSchema, process.env);
  const problems = [...workerProblems(read)];
  if ((read.SALLYPORT_TLS_CERTIFICATE === undefined) !== (read.SALLYPORT_TLS_KEY === undefined))
    problems.push('SALLYPORT_TLS_CERTIFICATE and SALLYPORT_TLS_KEY are set together, or neither is');
  if (problems.length > 0) throw new ConfigProblem(problems);
  return read;
});
const log = createLogger({ name: 'proxy', level: config.SALLYPORT_LOG_LEVEL });
/** As our primary started us. */
const [, , flag, number] = process.argv;
const worker = cluster.isWorker && flag === '--worker' ? Number(number) : undefined;

if (worker === undefined)
  for (const directory of leftByWorkers(config))
    log.warn({ directory }, 'a worker that is not started any more kept evidence here: it is not shipped until it is');

// The primary does not load what a proxy is made of.
if (worker !== undefined) {
  const { serve } = await import('./serve.js');
  const own = { program: `${program}, worker ${worker}`, config: configOfWorker(config, worker) };
  await serve({ ...own, log: log.child({ worker }), worker: { number: worker, main: config } });
} else if (Number(config.SALLYPORT_WORKERS) > 1) {
  const { superviseWorkers } = await import('./primary.js');
  process.exit(await superviseWorkers({ program, config, log }));
} else {
  const { serve } = await import('./serve.js');
  await serve({ program, config, log });
}
