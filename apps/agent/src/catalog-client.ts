import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { checkServerIdentity } from 'node:tls';
import type { AgentConnectionChunk } from '@sallyport/policy/bundle';
import pg from 'pg';
import type { CatalogClient } from './catalog.js';
import type { Credential } from './credentials/credential.js';

export interface CatalogSession {
  readonly connection: AgentConnectionChunk;
  readonly database: string;
  readonly credential: Credential;
  readonly ca: string | undefined;
}

/** What is used of the library's insides. */
interface LibraryClient {
  readonly connection: EventEmitter & { readonly stream: Duplex };
}

/** A target that says more than this in one look would fill the memory of every session. */
const mostBytes = 256 * 1024 * 1024;
const farewell = 2_000;

/** A session of our own at the target, under the TLS rules of the connection, ended when `use` is done. */
export async function withCatalogClient<Result>(
  { connection: { host, port, tls }, database, credential, ca }: CatalogSession,
  use: (client: CatalogClient) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    host,
    port,
    database,
    user: credential.user,
    password: credential.password,
    application_name: 'sallyport catalog',
    connectionTimeoutMillis: 10_000,
    query_timeout: 30_000,
    ssl:
      tls === 'disable'
        ? false
        : {
            rejectUnauthorized: tls === 'verify-full',
            ...(ca === undefined ? {} : { ca }),
            // The library leaves the name out where it is an address.
            checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
          },
    // Named here, so that the environment of the process has no say.
    ...{ scramMaxIterations: 100_000, sslnegotiation: 'postgres', options: ' ' },
  });
  // What breaks later breaks the query that waits for it.
  client.on('error', () => undefined);
  const { connection } = client as unknown as LibraryClient;
  if (tls !== 'verify-full')
    // Whoever answers there may be anybody: it may check a password (SCRAM), never ask for it.
    for (const method of ['authenticationCleartextPassword', 'authenticationMD5Password'])
      connection.once(method, () => connection.stream.destroy());
  try {
    await client.connect();
    bound(connection.stream);
    return await use(client);
  } finally {
    // A target that does not take leave is left.
    const timer = setTimeout(() => connection.stream.destroy(), farewell);
    await client.end().catch(() => undefined);
    clearTimeout(timer);
    connection.stream.destroy();
  }
}

function bound(stream: Duplex): void {
  let total = 0;
  stream.on('data', (chunk: Buffer) => {
    total += chunk.length;
    if (total > mostBytes) stream.destroy();
  });
}
