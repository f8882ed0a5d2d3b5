import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { enrolWorker, renew } from '@sallyport/pki';
import type { NodeCredentials } from '@sallyport/pki';
import { startPostgres, until } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { enrolNode, openStream, portOf } from '../../testing/node.js';
import type { NodeStream } from '../../testing/node.js';
import { startPlane, testConfig } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import { startControlPlane } from '../start.js';
import type { ControlPlane } from '../start.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let postgres: TestPostgres;
let plane: TestPlane;
let second: ControlPlane;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('workers');
  plane = await startPlane(postgres.url('workers'));
  second = await startControlPlane(testConfig(postgres.url('workers')), quiet);
});
afterAll(async () => {
  await second.stop();
  await plane.stop();
  await postgres.stop();
});

const node = (kind: 'proxy' | 'agent', name: string): Promise<NodeCredentials> =>
  enrolNode(portOf(plane, 'enrolment'), plane.admin, { kind, name });
const control = (): string => `127.0.0.1:${portOf(plane, 'control')}`;
const worker = (credentials: NodeCredentials, number: number): Promise<NodeCredentials> =>
  enrolWorker({ address: control(), credentials, number });
const next = (credentials: NodeCredentials): Promise<NodeCredentials> => renew({ address: control(), credentials });
const shown = async (name: string): Promise<readonly unknown[]> => {
  const { status: code, body } = await plane.admin('GET', `/v1/proxies/${name}`);
  return [code, body['workerOf'], body['disabled']];
};
const letIn = async (credentials: NodeCredentials, replica: ControlPlane): Promise<NodeStream> => {
  const stream = openStream(portOf(replica, 'control'), credentials);
  await until(() => stream.seen.some(({ $case }) => $case === 'snapshot'));
  return stream;
};

test('workers are proxies of their own, known as their proxy’s, at every replica at once', async () => {
  const proxy = await node('proxy', 'many-cored');
  const first = await worker(proxy, 2);
  const again = await worker(proxy, 2);
  expect([again.name, again.nodeId]).toEqual(['many-cored.2', first.nodeId]);
  expect(first.nodeId).not.toBe(proxy.nodeId);
  expect([await shown('many-cored'), await shown('many-cored.2')]).toEqual([
    [200, null, false],
    [200, 'many-cored', false],
  ]);
  const streams = await Promise.all([letIn(again, plane), letIn(await next(again), second)]);
  for (const stream of streams) stream.stop();
});

test('workers are turned away with their proxy, and let in with it; one of them alone too', async () => {
  const proxy = await node('proxy', 'shut');
  const [two, three] = [await worker(proxy, 2), await worker(proxy, 3)];
  const stream = await letIn(two, second);
  await plane.admin('PUT', '/v1/proxies/shut', { disabled: true });
  expect(await stream.over).toBe(`error ${status.PERMISSION_DENIED}`);
  expect(await shown('shut.2')).toEqual([200, 'shut', true]);
  await expect(next(two)).rejects.toThrow('turned away');
  await expect(next(three)).rejects.toThrow('turned away');
  await expect(worker(proxy, 4)).rejects.toThrow('turned away');
  await plane.admin('PUT', '/v1/proxies/shut.3', { disabled: true });
  await plane.admin('PUT', '/v1/proxies/shut', { disabled: false });
  expect((await next(two)).name).toBe('shut.2');
  await expect(next(three)).rejects.toThrow('turned away');
  await expect(worker(proxy, 3)).rejects.toThrow('this worker is turned away');
});

test('workers end when the name of their proxy is given to another machine, and are forgotten with it', async () => {
  const two = await worker(await node('proxy', 'gone'), 2);
  // Certificates know seconds: the machine that comes later comes in a later one.
  const secondOf = (): number => Math.floor(Date.now() / 1000);
  const then = secondOf();
  await until(() => secondOf() > then);
  const successor = await node('proxy', 'gone');
  await expect(next(two)).rejects.toThrow('turned away');
  const newer = await worker(successor, 2);
  expect((await next(newer)).nodeId).toBe(two.nodeId);
  expect((await plane.admin('DELETE', '/v1/proxies/gone')).status).toBe(204);
  expect((await shown('gone.2'))[0]).toBe(404);
  await expect(next(newer)).rejects.toThrow('turned away');
  await expect(worker(successor, 2)).rejects.toThrow('turned away');
});

test('of others, of agents, of workers, and of any number there are none', async () => {
  const proxy = await node('proxy', 'alone');
  await node('proxy', 'alone.2');
  await expect(worker(proxy, 2)).rejects.toThrow('alone.2 is a proxy of its own');
  expect(await shown('alone.2')).toEqual([200, null, false]);
  for (const number of [0, 1, 33, 4_294_967_295])
    await expect(worker(proxy, number)).rejects.toThrow('numbers from 2 to 32');
  await expect(worker(await worker(proxy, 3), 2)).rejects.toThrow('a worker has no workers');
  await expect(worker(await node('agent', 'no-proxy'), 2)).rejects.toThrow('not for nodes of the kind agent');
  await expect(worker(await node('proxy', 'x'.repeat(62)), 2)).rejects.toThrow('short names');
  // Who comes with a join token is nobody's worker.
  await node('proxy', 'alone.3');
  expect(await shown('alone.3')).toEqual([200, null, false]);
  await expect(worker(proxy, 3)).rejects.toThrow('alone.3 is a proxy of its own');
});
