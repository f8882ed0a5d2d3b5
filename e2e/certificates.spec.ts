import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Stack, connectAs, startStack, waitFor } from '@sallyport/tools';
import type { Client } from 'pg';

/** The whole system over the life of its certificates, with sessions open. */
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    holdSeconds: 5,
    progress: () => undefined,
    settings: { 'control-plane': { SALLYPORT_CERTIFICATE_LIFETIME: '20s' } },
  });
}, 240_000);
afterAll(() => stack.stop(), 60_000);

const open = async (): Promise<Client> => (await connectAs(stack, 'etl')).client;
const answers = async (client: Client): Promise<boolean> =>
  (await client.query('select count(*) from payments where id = 1')).rowCount === 1;

const expiryOf = async (kind: 'proxies' | 'agents', name: string): Promise<number> =>
  Date.parse(String((await stack.admin.expect('GET', `/v1/${kind}/${name}`))['certificateExpiry']));

/** When the certificate ends that is shown there to a stranger. */
const shownAt = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] }, () => {
      resolve(Date.parse(socket.getPeerCertificate().valid_to));
      socket.destroy();
    });
    socket.on('error', reject);
  });

describe('certificates', () => {
  test('of proxy, agent and control plane renew by themselves, and no session notices', async () => {
    const client = await open();
    expect(await answers(client)).toBe(true);
    const began = [await expiryOf('proxies', 'gate-1'), await expiryOf('agents', 'billing-agent')];
    // Until everything that was issued when the session began has ended.
    const lastOfThem = Math.max(...began, await shownAt(stack.tunnelPort), await shownAt(stack.grpcPort));
    await waitFor(
      'the first certificates to end',
      async () => {
        // One statement after the other: each of them would notice.
        expect(await answers(client)).toBe(true);
        return Date.now() > lastOfThem + 1_000 ? true : undefined;
      },
      120_000,
    );
    expect(await expiryOf('proxies', 'gate-1')).toBeGreaterThan(Date.now());
    expect(await expiryOf('agents', 'billing-agent')).toBeGreaterThan(Date.now());
    expect(await shownAt(stack.tunnelPort)).toBeGreaterThan(Date.now());
    expect(await shownAt(stack.grpcPort)).toBeGreaterThan(Date.now());
    // More than wait as warm sockets: some were made under the old certificates, some are made now.
    const more = await Promise.all(Array.from({ length: 20 }, open));
    for (const each of more) expect(await answers(each)).toBe(true);
    expect(await answers(client)).toBe(true);
    await Promise.all([client, ...more].map((each) => each.end()));
  }, 180_000);

  test('are kept: an agent that restarts goes on with the newest one, its join token long used', async () => {
    await stack.restart('agent');
    await waitFor('a session through it', async () => {
      const client = await open().catch(() => undefined);
      await client?.end();
      return client === undefined ? undefined : true;
    });
  }, 120_000);
});
