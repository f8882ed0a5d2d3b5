import { createServer } from 'node:http';
import type { ListenAddress } from './fields.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import { listen } from './start.js';

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface HealthOptions {
  readonly address: ListenAddress;
  readonly metrics: Metrics;
  /** What is missing before work can be done; empty when ready. */
  readonly missing: () => readonly string[];
  readonly log: Pick<Logger, 'warn'>;
}

/** GET /healthz, /readyz, /metrics; nothing else, no body is read. @throws StartProblem */
export async function startHealthServer({ address, metrics, missing, log }: HealthOptions): Promise<HealthServer> {
  const answer = (path: string | undefined): { readonly status: number; readonly body: string } => {
    if (path === '/healthz') return { status: 200, body: 'ok\n' };
    if (path === '/metrics') return { status: 200, body: metrics.render() };
    if (path !== '/readyz') return { status: 404, body: 'not found\n' };
    const absent = missing();
    return absent.length === 0 ? { status: 200, body: 'ready\n' } : { status: 503, body: `${absent.join('\n')}\n` };
  };
  const server = createServer((request, response) => {
    const { status, body } = answer(request.url);
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
  });
  server.headersTimeout = 5_000;
  server.requestTimeout = 5_000;
  server.maxConnections = 64;
  const report = (err: Error): void => log.warn({ err }, 'the health listener');
  const port = await listen(server, { variable: 'SALLYPORT_HEALTH_LISTEN', address, report });
  return {
    port,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
