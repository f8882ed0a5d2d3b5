import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CatalogReport } from '@sallyport/contracts';
import type { ReadCatalog } from '@sallyport/contracts';
import type { Catalog } from '@sallyport/kernel';
import { decodeManifest } from '@sallyport/policy';
import { startPostgres, until } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { writtenCatalog } from '../../testing/catalog.js';
import type { WrittenCatalog } from '../../testing/catalog.js';
import { enrolNode, openStream, portOf } from '../../testing/node.js';
import type { NodeStream } from '../../testing/node.js';
import { startPlane } from '../../testing/plane.js';
import type { TestPlane } from '../../testing/plane.js';
import { Database } from '../db/database.js';
import { Catalogs } from './catalogs.js';

let postgres: TestPostgres;
let plane: TestPlane;
let agents: readonly NodeStream[];
let proxy: NodeStream;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('catalogs');
  plane = await startPlane(postgres.url('catalogs'));
  agents = [await enrolled('agent', 'a1'), await enrolled('agent', 'a2')];
  proxy = await enrolled('proxy', 'p1');
});
const enrolled = async (kind: 'proxy' | 'agent', called: string): Promise<NodeStream> =>
  openStream(
    portOf(plane, 'control'),
    await enrolNode(portOf(plane, 'enrolment'), plane.admin, { kind, name: called }),
  );
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

const tables = (...names: readonly string[]): Catalog => ({
  ...{ database: 'app', serverVersion: 180_004, functions: [], types: [], searchPath: ['public'] },
  relations: names.map((table, at) => ({
    ...{ oid: 20_000 + at, schema: 'public', name: table, kind: 'table' },
    columns: [{ attribute: 1, name: 'id', type: 23 }],
  })),
});
const catalogOf = (...names: readonly string[]): WrittenCatalog => writtenCatalog(tables(...names));

const say = (report: Partial<CatalogReport> | WrittenCatalog, by = 0): void =>
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
/** Parts of catalogs that a node was sent. */
const partsTo = ({ seen }: NodeStream): readonly Buffer[] =>
  seen.flatMap((message) =>
    message.$case === 'snapshot' || message.$case === 'delta'
      ? message.value.chunks.flatMap(({ kind, content }) => (kind === 'catalog_part' ? [content] : []))
      : [],
  );
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
    say(one);
    await becomes({ state: 'current', version: 1, digest: one.digest, readBy: 'a1', problem: null, advice: null });
    await until(() => inForce() === one.digest);
    const before = versionOf(proxy);
    const { readAt } = (await state()) ?? {};
    say({ unchanged: one.digest });
    await until(async () => (await state())?.['readAt'] !== readAt);
    say(one, 1);
    await becomes({ readBy: 'a2', version: 1 });
    expect(versionOf(proxy)).toBe(before);
    say(two);
    await becomes({ version: 2, digest: two.digest });
    await until(() => inForce() === two.digest);
  });

  test('that cannot be read now stands until nobody has confirmed it for too long; then it is withdrawn, and comes back', async () => {
    const content = catalogOf('a');
    say(content);
    await until(() => inForce() === content.digest);
    say({ problem: 'the catalog cannot be read (ECONNREFUSED)' });
    await becomes({ state: 'unreadable', problem: 'the catalog cannot be read (ECONNREFUSED)' });
    await sweep(599_000);
    await becomes({ state: 'unreadable' });
    expect(inForce()).toBe(content.digest);
    await sweep(601_000);
    await until(() => inForce() === undefined);
    await becomes({ state: 'stale' });
    expect((await state())?.['advice']).toContain('masked or refused');
    say({ unchanged: content.digest });
    await becomes({ state: 'current', problem: null });
    await until(() => inForce() === content.digest);
  });

  test.each([
    ['is refused by its agent', { problem: 'the catalog is not believed: relations.0.oid: x', refused: true }],
    ['is no catalog', { content: Buffer.from('{}') }],
    ['is of another database', writtenCatalog({ ...tables('a'), database: 'other' })],
    [
      'has two tables of one number',
      writtenCatalog({ ...tables('a'), relations: [...tables('a').relations, ...tables('b').relations] }),
    ],
  ])('that %s takes what was known before with it, at once', async (_, lie) => {
    const content = catalogOf('a');
    say(content);
    await until(() => inForce() === content.digest);
    say(lie);
    await until(() => inForce() === undefined);
    await becomes({ state: 'absent', digest: null, readAt: null });
    expect((await state())?.['problem']).toMatch(/not believed|no catalog/);
    say(content);
    await until(() => inForce() === content.digest);
  });

  test('of a definition that passed a gateway is read again; a look that began before it does not count', async () => {
    const content = catalogOf('a');
    say(content);
    await until(() => inForce() === content.digest);
    move();
    await until(() => ordersTo(0).length === 1 && ordersTo(1).length === 1);
    await becomes({ state: 'moved' });
    expect(ordersTo(0)).toMatchObject([{ move: 1, whole: false }]);
    say({ unchanged: content.digest, move: 0 });
    await becomes({ state: 'moved' });
    await sweep(59_000);
    expect(inForce()).toBe(content.digest);
    await sweep(61_000);
    await until(() => inForce() === undefined);
    // Confirmed as of before: it stays away.
    const { readAt } = (await state()) ?? {};
    say({ unchanged: content.digest, move: 0 });
    await until(async () => (await state())?.['readAt'] !== readAt);
    await becomes({ state: 'stale' });
    say({ unchanged: content.digest, move: 1 });
    await until(() => inForce() === content.digest);
    await becomes({ state: 'current' });
  });

  test('of which another agent knows another content is asked for as a whole once nobody confirms it', async () => {
    const [one, two] = [catalogOf('a'), catalogOf('b')];
    say(one);
    await becomes({ version: 1 });
    say({ unchanged: two.digest }, 1);
    say({ problem: 'the catalog cannot be read' }, 1);
    await becomes({ state: 'unreadable' });
    expect(ordersTo(1)).toEqual([]);
    say({ unchanged: two.digest }, 1);
    await until(() => ordersTo(1).length === 1);
    expect(ordersTo(1)).toMatchObject([{ whole: true }]);
    say(two, 1);
    await until(() => inForce() === two.digest);
  });

  test('is stored in parts: of the next one only what differs is sent, to the control plane and to proxies', async () => {
    const many = Array.from({ length: 300 }, (_, at) => `t${at}`);
    const [one, two] = [catalogOf(...many), catalogOf(...many.with(150, 'other'))];
    expect(one.parts.length).toBeGreaterThan(5);
    say(one);
    await until(() => inForce() === one.digest);
    const known = new Set(one.parts.map((part) => part.toString('hex')));
    const fresh = two.parts.filter((part) => !known.has(part.toString('hex')));
    expect(fresh).toHaveLength(1);
    const before = partsTo(proxy).length;
    say({ content: two.content, parts: fresh });
    await until(() => inForce() === two.digest);
    expect(partsTo(proxy).slice(before)).toEqual(fresh);
    // Nothing is kept of what went.
    const rows = await plane.app.get(Database, { strict: false }).catalogPart.findMany({
      where: { snapshot: { digest: two.digest } },
    });
    expect(rows.map(({ content }) => Buffer.from(content).toString('hex')).sort()).toEqual(
      two.parts.map((part) => part.toString('hex')).sort(),
    );
    // A proxy that comes later gets all of them.
    const late = await enrolled('proxy', 'p2');
    await until(() => manifestsOf(late).length > 0);
    const got = new Set(partsTo(late).map((part) => part.toString('hex')));
    expect(two.parts.every((part) => got.has(part.toString('hex')))).toBe(true);
    late.stop();
  });

  test('of which parts are neither here nor sent is asked for as a whole', async () => {
    const content = catalogOf('a', 'b');
    say({ content: content.content });
    await until(() => ordersTo(0).length === 1);
    expect(ordersTo(0)).toMatchObject([{ whole: true }]);
    expect(inForce()).toBeUndefined();
    say(content);
    await until(() => inForce() === content.digest);
  });

  test('whose part is damaged is refused, in words of ours', async () => {
    const { content, parts } = writtenCatalog({ ...tables('a'), relations: [{ ...tables('a').relations[0], oid: 1 }] });
    say({ content, parts });
    await becomes({ state: 'absent' });
    expect((await state())?.['problem']).toMatch(
      /no catalog: part [0-9a-f]{8}: relations\.0\.oid: is the server's own/,
    );
  });
});
