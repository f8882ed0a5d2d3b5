import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { Database } from './db/database.js';
import { openEmbeddedPostgres } from './db/embedded.js';
import { applyMigrations } from './db/migrations.js';
import { databaseProblem } from './db/unreachable.js';
import { prepareTenancy } from './db/tenancy.js';
import { formType, knownTypesOnly, shallowOnly } from './http/body.js';
import { answerClientErrors } from './http/client-error.js';
import { serveDocs } from './http/openapi.js';
import { Readiness } from './http/readiness.js';
import { cannotListen } from '@sallyport/runtime';
import { nestLogger } from './log.js';
import type { Log } from './log.js';
import { within } from './within.js';

/** A policy set of a megabyte, in JSON. */
const bodyLimit = '2mb';
/** A token request with an assertion, or the answer of a provider. */
const formLimit = '512kb';
/** How long connections to the database may take to come home. */
const databasePatience = 2_000;

export interface ControlPlane {
  readonly url: string;
  /** Only on the very first start. */
  readonly setupToken: string | undefined;
  /** For tests that look inside. */
  readonly app: NestExpressApplication;
  /** Is not ready any more, stops accepting, finishes what is going on, closes. */
  stop(): Promise<void>;
}

const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

export async function startControlPlane(
  config: Config,
  log: Log,
  outside: { readonly pause: (milliseconds: number) => Promise<void> } = { pause },
): Promise<ControlPlane> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const databaseUrl = await openDatabase(config, closers);
    const applied = await applyMigrations(databaseUrl).catch((cause: unknown) => {
      throw databaseProblem(databaseUrl, cause);
    });
    if (applied.length > 0) log.info({ migrations: applied }, 'migrations applied');
    const database = new Database(databaseUrl);
    // What was cut off may still hold a connection; the end of the process takes it along.
    closers.push(() => within(databasePatience, database.$disconnect()).catch(() => undefined));
    const { tenancy, setupToken } = await prepareTenancy(database);
    const app = await NestFactory.create<NestExpressApplication>(
      AppModule.on({ config, log, database, databaseUrl, tenancy }),
      { bodyParser: false, logger: nestLogger(log), abortOnError: false },
    );
    closers.push(() => closeGently(app, config.shutdownLimit));
    equip(app);
    await app.init();
    const { port } = await listenForHttp(app, config, log);
    const host = config.httpListen.host.includes(':') ? `[${config.httpListen.host}]` : config.httpListen.host;
    log.info({ host: config.httpListen.host, port }, 'REST listens');
    const stopOnce = async (): Promise<void> => {
      app.get(Readiness).leave();
      if (config.shutdownDelay > 0) await outside.pause(config.shutdownDelay);
      await close();
    };
    let stopped: Promise<void> | undefined;
    return { url: `http://${host}:${port}`, setupToken, app, stop: () => (stopped ??= stopOnce()) };
  } catch (cause) {
    await close().catch(() => undefined);
    throw cause;
  }
}

async function listenForHttp(app: NestExpressApplication, { httpListen }: Config, log: Log): Promise<AddressInfo> {
  const server = app.getHttpServer() as Server;
  await app.listen(httpListen.port, httpListen.host).catch((cause: unknown) => {
    throw cannotListen('SALLYPORT_HTTP_LISTEN', httpListen, cause);
  });
  server.on('error', ({ message }) => log.error({ cause: message }, 'a listener could not take a connection'));
  return server.address() as AddressInfo;
}

async function openDatabase({ database }: Config, closers: (() => Promise<void>)[]): Promise<string> {
  if (database.kind === 'url') return database.url;
  const embedded = await openEmbeddedPostgres(database.directory);
  closers.push(() => embedded.stop());
  return embedded.url;
}

function equip(app: NestExpressApplication): void {
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('etag', false);
  const directives = { 'upgrade-insecure-requests': null };
  app.use(helmet({ contentSecurityPolicy: { directives } }));
  app.use('/v1', neverStored);
  app.use('/oauth', neverStored);
  app.use('/auth', neverStored);
  app.use(knownTypesOnly);
  app.useBodyParser('json', { limit: bodyLimit, type: 'application/json', strict: true });
  app.useBodyParser('urlencoded', { limit: formLimit, type: formType, extended: false, parameterLimit: 50 });
  app.use(shallowOnly);
  const server = app.getHttpServer() as Server;
  server.requestTimeout = 30_000;
  server.headersTimeout = 10_000;
  // Longer than load balancers keep theirs (60 s): who closes last loses no request.
  server.keepAliveTimeout = 75_000;
  answerClientErrors(server);
  serveDocs(app);
}

/** Answers may hold a token that is shown once. */
function neverStored(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('cache-control', 'no-store');
  next();
}

/** Idle connections are closed at once, busy ones when they are done, and all of them in the end. */
async function closeGently(app: NestExpressApplication, limit: number): Promise<void> {
  const server = app.getHttpServer() as Server;
  const deadline = setTimeout(() => server.closeAllConnections(), limit);
  // A connection that becomes idle while we close would keep us for the client's keep-alive.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(deadline);
  }
}
