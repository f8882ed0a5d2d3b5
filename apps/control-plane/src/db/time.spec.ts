import { Metadata } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { encodeEvent } from '@sallyport/audit';
import type { AuditEvent } from '@sallyport/audit';
import { EvidenceServiceClient } from '@sallyport/contracts';
import { controlChannel } from '@sallyport/pki';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { enrolNode, portOf } from '../../testing/node.js';
import { itemsOf, startPlane } from '../../testing/plane.js';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

test('every moment is the same moment, wherever the database server thinks it is', async () => {
  await postgres.createDatabase('abroad');
  const owner = await postgres.connect();
  await owner.query(`alter database abroad set timezone = 'Asia/Tokyo'`);
  await owner.end();
  const began = Date.now();
  const near = (moment: unknown): boolean => Math.abs(Date.parse(String(moment)) - began) < 600_000;
  const plane = await startPlane(postgres.url('abroad'));
  try {
    await plane.admin('PUT', '/v1/groups/here', {});
    const credentials = await enrolNode(portOf(plane, 'enrolment'), plane.admin, { kind: 'proxy', name: 'gate' });
    const client = new EvidenceServiceClient(`127.0.0.1:${portOf(plane, 'control')}`, controlChannel(credentials));
    const event: AuditEvent = {
      ...{ type: 'session.opened', id: 'ses_1:0', session: 'ses_1', sequence: 0, at: began, proxy: 'gate' },
      ...{ connection: 'c', database: 'd', agent: 'a', clientAddress: '::1', application: '' },
      caller: { kind: 'subagent', id: 'sub_1', name: 'etl', onBehalfOf: [] },
    };
    const records = [{ id: event.id, content: Buffer.from(encodeEvent(event)) }];
    await new Promise<void>((done, failed) => {
      client.appendDurable({ records }, new Metadata(), (problem) => (problem === null ? done() : failed(problem)));
    });
    client.close();

    const [record] = itemsOf(await plane.admin('GET', '/v1/audit'));
    expect([record?.['at'], near(record?.['receivedAt'])]).toEqual([new Date(began).toISOString(), true]);
    const exactly = `from=${new Date(began).toISOString()}&to=${new Date(began + 1).toISOString()}`;
    for (const path of ['/v1/audit', '/v1/sessions'])
      expect([path, itemsOf(await plane.admin('GET', `${path}?${exactly}`)).length]).toEqual([path, 1]);

    const reader = await postgres.connect('abroad');
    const { rows } = await reader.query<{ table: string; column: string }>(
      `select table_name as table, column_name as column from information_schema.columns
       where table_schema = 'public' and column_name in ('createdAt', 'updatedAt', 'at', 'receivedAt', 'openedAt', 'usedAt')`,
    );
    const seen: string[] = [];
    for (const { table, column } of rows) {
      const found = await reader.query<{ utc: string }>(`select "${column}"::text as utc from "${table}"`);
      for (const { utc } of found.rows)
        if (utc !== null) seen.push(`${table}.${column} ${near(`${utc.replace(' ', 'T')}Z`) ? 'is now' : utc}`);
    }
    await reader.end();
    expect(seen.length).toBeGreaterThan(12);
    expect(seen.filter((each) => !each.endsWith('is now'))).toEqual([]);
  } finally {
    await plane.stop();
  }
});
