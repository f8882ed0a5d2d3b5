import { Client } from 'pg';

/**
 * Asks through the gateway until the target answers: programs that are ready still have to hear of each other, and the
 * proxy of the target's catalog, before names in a statement mean anything.
 */
export async function untilServing(proxyPort: number, token: string, query: string): Promise<void> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const client = new Client({
      host: '127.0.0.1',
      port: proxyPort,
      user: 'billing',
      password: token,
      database: 'app',
      ssl: { rejectUnauthorized: false },
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query(query);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error('no statement passes the gateway after 90 s', { cause: error });
    } finally {
      await client.end().catch(() => undefined);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
