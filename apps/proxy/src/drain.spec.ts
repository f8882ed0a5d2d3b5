import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { openTarget } from '@sallyport/postgres/login';
import { until } from '@sallyport/testing';
import { analyses, policies, selectAll, subagent } from '../testing/billing.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';

let house: House;
afterEach(() => house.stop());
const open = async (drain: string): Promise<House> =>
  (house = await openHouse({
    analyses,
    policies,
    drain,
    subagents: [subagent('etl')],
    seed: ['create table payments (id int primary key, card text, email text, amount numeric)'],
    open: openTarget,
  }));

describe('a proxy that is told to end', () => {
  test('says goodbye to the sessions that are left, in the protocol’s words, and their evidence is shipped', async () => {
    const { client: connectClient, token, terminate, proxy, controlPlane } = await open('0s');
    const client = await connectClient(await token('etl'));
    await client.query(selectAll);
    const goodbye = once(client, 'error') as Promise<[Error & { code?: string; severity?: string }]>;
    // A stranger, too, who has said nothing yet.
    const stranger = connect(proxy.ports.postgres, '127.0.0.1');
    await once(stranger, 'connect');
    const left = once(stranger.resume(), 'close');
    const ended = terminate();
    const [error] = await goodbye;
    expect([error.code, error.severity]).toEqual(['57P01', 'FATAL']);
    await left;
    await ended;
    expect(proxy.gate.sessions.size).toBe(0);
    const types = controlPlane.events.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['session.opened', 'statement.intent', 'session.closed']));
  });

  test('takes no more clients while its sessions go on, and is not ready', async () => {
    const { client: connectClient, token, terminate, proxy } = await open('10m');
    const client = await connectClient(await token('etl'));
    const ready = async (): Promise<readonly [number, string]> => {
      const response = await fetch(`http://127.0.0.1:${proxy.ports.health}/readyz`);
      return [response.status, (await response.text()).trim()];
    };
    expect(await ready()).toEqual([200, 'ready']);
    const ended = terminate();
    await expect(connectClient(await token('etl'))).rejects.toThrow('ECONNREFUSED');
    expect(await ready()).toEqual([503, 'it is shutting down']);
    expect((await client.query(selectAll)).rows).toEqual([]);
    await client.end();
    await ended;
    await until(() => proxy.gate.sessions.size === 0);
  });
});
