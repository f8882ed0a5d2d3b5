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
    ssl: tls === 'disable' ? false : { rejectUnauthorized: tls === 'verify-full', ...(ca === undefined ? {} : { ca }) },
  });
  // What breaks later breaks the query that waits for it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
