import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CatalogReport } from '@sallyport/contracts';
import type { ReadCatalog } from '@sallyport/contracts';
import { createHash } from 'node:crypto';
import { decodeManifest, encode } from '@sallyport/policy';
import { startPostgres, until } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { enrolNode, openStream, portOf } from '../../testing/node.js';
import type { NodeStream } from '../../testing/node.js';
import { startPlane } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import { Catalogs } from './catalogs.js';

let postgres: TestPostgres;
let plane: TestPlane;
let agents: readonly NodeStream[];
let proxy: NodeStream;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('catalogs');
  plane = await startPlane(postgres.url('catalogs'));
  const enrolled = async (kind: 'proxy' | 'agent', name: string): Promise<NodeStream> =>
    openStream(portOf(plane, 'control'), await enrolNode(portOf(plane, 'enrolment'), plane.admin, { kind, name }));
  agents = [await enrolled('agent', 'a1'), await enrolled('agent', 'a2')];
  proxy = await enrolled('proxy', 'p1');
});
afterAll(async () => {
  for (const each of [...agents, proxy]) each.stop();
  await plane.stop();
  await postgres.stop();
});

let name = '';
let count = 0;
beforeEach(async () => {
  name = `target-${(count += 1)}`;
  const made = await plane.admin('PUT', `/v1/connections/${name}`, {
    ...{ protocol: 'postgres', environment: 'production', host: '127.0.0.1', port: 5432, tls: 'disable' },
    ...{ database: 'app', agents: ['a1', 'a2'], credential: name },
  });
  expect(made.status).toBe(201);
});

const catalogOf = (...tables: readonly string[]) =>
  Buffer.from(
    encode({
      ...{ database: 'app', serverVersion: 180_004, functions: [], types: [], searchPath: ['public'] },
      relations: tables.map((table, at) => ({
        ...{ oid: 20_000 + at, schema: 'public', name: table, kind: 'table' },
        columns: [{ attribute: 1, name: 'id', type: 23 }],
      })),
    }),
  );
const digestOf = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const say = (report: Partial<CatalogReport>, by = 0): void =>
  agents[by]?.send({
    $case: 'catalog',
    value: CatalogReport.fromPartial({ connection: name, database: 'app', ...report }),
  });

const state = async () => {
  const { body } = await plane.admin('GET', `/v1/connections/${name}`);
  return (body['catalogs'] as readonly Readonly<Record<string, unknown>>[])[0];
};
const becomes = async (wanted: object): Promise<void> => {
  await until(async () => {
    const now = await state();
    return now !== undefined && Object.entries(wanted).every(([field, value]) => now[field] === value);
  });
};

const manifestsOf = ({ seen }: NodeStream) =>
  seen.flatMap((message) => {
    if (message.$case !== 'snapshot' && message.$case !== 'delta') return [];
    const manifest = decodeManifest(message.value.manifest);
    return manifest.ok ? [manifest.value] : [];
  });
const versionOf = (stream: NodeStream): number => manifestsOf(stream).at(-1)?.version ?? 0;
/** What the proxy has in force now. */
const inForce = (): string | undefined =>
  manifestsOf(proxy)
    .at(-1)
    ?.chunks.find((chunk) => chunk.kind === 'catalog' && chunk.name === `${name}/app`)?.digest;

const ordersTo = (by = 0): readonly ReadCatalog[] =>
  (agents[by]?.seen ?? []).flatMap((message) =>
    message.$case === 'readCatalog' && message.value.connection === name ? [message.value] : [],
  );
const move = (): void => proxy.send({ $case: 'catalogMoved', value: { connection: name, database: 'app' } });
/** As the timer of a replica does it, at another time. */
const sweep = (afterMilliseconds: number) =>
  plane.app.get(Catalogs, { strict: false }).withdrawStale(new Date(Date.now() + afterMilliseconds));

describe('a catalog', () => {
  test('goes to proxies by its content; a new content is a new version, the same is none', async () => {
    const [one, two] = [catalogOf('a'), catalogOf('a', 'b')];
    say({ content: one });
    await becomes({ state: 'current', version: 1, digest: digestOf(one), readBy: 'a1', problem: null, advice: null });
    await until(() => inForce() === digestOf(one));
    const before = versionOf(proxy);
    const { readAt } = (await state()) ?? {};
    say({ unchanged: digestOf(one) });
    await until(async () => (await state())?.['readAt'] !== readAt);
    say({ content: one }, 1);
    await becomes({ readBy: 'a2', version: 1 });
    expect(versionOf(proxy)).toBe(before);
    say({ content: two });
    await becomes({ version: 2, digest: digestOf(two) });
    await until(() => inForce() === digestOf(two));
  });

  test('that cannot be read now stands until nobody has confirmed it for too long; then it is withdrawn, and comes back', async () => {
    const content = catalogOf('a');
    say({ content });
    await until(() => inForce() === digestOf(content));
    say({ problem: 'the catalog cannot be read (ECONNREFUSED)' });
    await becomes({ state: 'unreadable', problem: 'the catalog cannot be read (ECONNREFUSED)' });
    await sweep(599_000);
    await becomes({ state: 'unreadable' });
    expect(inForce()).toBe(digestOf(content));
    await sweep(601_000);
    await until(() => inForce() === undefined);
    await becomes({ state: 'stale' });
    expect((await state())?.['advice']).toContain('masked or refused');
    say({ unchanged: digestOf(content) });
    await becomes({ state: 'current', problem: null });
    await until(() => inForce() === digestOf(content));
  });

  test.each([
    ['is refused by its agent', { problem: 'the catalog is not believed: relations.0.oid: x', refused: true }],
    ['is no catalog', { content: Buffer.from('{}') }],
    ['is of another database', { content: Buffer.from(catalogOf('a').toString().replace('"app"', '"other"')) }],
    [
      'has two tables of one number',
      { content: Buffer.from(catalogOf('a', 'b').toString().replace('"oid":20001', '"oid":20000')) },
    ],
  ])('that %s takes what was known before with it, at once', async (_, lie) => {
    const content = catalogOf('a');
    say({ content });
    await until(() => inForce() === digestOf(content));
    say(lie);
    await until(() => inForce() === undefined);
    await becomes({ state: 'absent', digest: null, readAt: null });
    expect((await state())?.['problem']).toMatch(/not believed|no catalog/);
    say({ content });
    await until(() => inForce() === digestOf(content));
  });

  test('of a definition that passed a gateway is read again; a look that began before it does not count', async () => {
    const content = catalogOf('a');
    say({ content });
    await until(() => inForce() === digestOf(content));
    move();
    await until(() => ordersTo(0).length === 1 && ordersTo(1).length === 1);
    await becomes({ state: 'moved' });
    expect(ordersTo(0)).toMatchObject([{ move: 1, whole: false }]);
    say({ unchanged: digestOf(content), move: 0 });
    await becomes({ state: 'moved' });
    await sweep(59_000);
    expect(inForce()).toBe(digestOf(content));
    await sweep(61_000);
    await until(() => inForce() === undefined);
    // Confirmed as of before: it stays away.
    const { readAt } = (await state()) ?? {};
    say({ unchanged: digestOf(content), move: 0 });
    await until(async () => (await state())?.['readAt'] !== readAt);
    await becomes({ state: 'stale' });
    say({ unchanged: digestOf(content), move: 1 });
    await until(() => inForce() === digestOf(content));
    await becomes({ state: 'current' });
  });

  test('of which another agent knows another content is asked for as a whole once nobody confirms it', async () => {
    const [one, two] = [catalogOf('a'), catalogOf('b')];
    say({ content: one });
    await becomes({ version: 1 });
    say({ unchanged: digestOf(two) }, 1);
    say({ problem: 'the catalog cannot be read' }, 1);
    await becomes({ state: 'unreadable' });
    expect(ordersTo(1)).toEqual([]);
    say({ unchanged: digestOf(two) }, 1);
    await until(() => ordersTo(1).length === 1);
    expect(ordersTo(1)).toMatchObject([{ whole: true }]);
    say({ content: two }, 1);
    await until(() => inForce() === digestOf(two));
  });
});
