import { Server, ServerCredentials, credentials, status } from '@grpc/grpc-js';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EvidenceServiceClient, EvidenceServiceService } from '@sallyport/contracts';
import type { AppendRequest, AppendResponse, AuditRecord, EvidenceServiceServer } from '@sallyport/contracts';
import { openSpool } from '@sallyport/runtime';
import type { Spool } from '@sallyport/runtime';
import { until } from '@sallyport/testing';
import { createShipper } from './ship.js';
import type { Shipper } from './ship.js';

type Call = ServerDuplexStream<AppendRequest, AppendResponse>;

/** A control plane over a real wire, whose answers each test writes. */
let answer: (call: Call, request: AppendRequest) => void;
let taken: string[];
let batches: AppendRequest[];
let streams: number;
let server: Server;
let port: number;
let directory: string;
let spool: Spool;
let client: EvidenceServiceClient;
let aside: string[];
let shipper: Shipper;

const take = (call: Call, { batch, records }: AppendRequest): void => {
  taken.push(...records.map(({ id }) => id));
  call.write({ batch, refused: [] });
};
const refuseStream = (call: Call, code: number): void => void call.emit('error', { code, details: 'no' });
const open = (more: { setAside?: (record: AuditRecord) => void; patience?: number } = {}): Shipper =>
  createShipper({
    spool,
    client: () => client,
    setAside: ({ id }) => void aside.push(id),
    log: { info: () => undefined, warn: () => undefined },
    retry: { first: 5, most: 20 },
    ...more,
  });
const append = (...ids: readonly string[]): void => {
  shipper.append(ids.map((id) => ({ id, content: `content of ${id}` })));
};
const left = (): readonly string[] =>
  spool.read({ records: 1e6, bytes: 1e6 }).records.map((record) => Buffer.from(record).toString().split('\n')[0] ?? '');
const names = (count: number, prefix = 'r'): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}`);

beforeEach(async () => {
  [answer, taken, batches, streams, aside] = [take, [], [], 0, []];
  server = new Server({ 'grpc.max_receive_message_length': 64 << 20 });
  const evidence: EvidenceServiceServer = {
    append: (call) => {
      streams += 1;
      call.on('error', () => undefined);
      call.on('data', (request: AppendRequest) => {
        batches.push(request);
        answer(call, request);
      });
      call.on('end', () => call.end());
    },
    appendDurable: (_call, done) => done(null, {}),
  };
  server.addService(EvidenceServiceService, evidence);
  port = await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  directory = mkdtempSync(join(tmpdir(), 'sallyport-ship-'));
  spool = openSpool({ directory, limit: 256 << 20, onDamage: () => undefined });
  client = new EvidenceServiceClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.max_send_message_length': 64 << 20,
  });
  shipper = open();
});
afterEach(async () => {
  server.forceShutdown();
  await shipper.stop();
  client.close();
  spool.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('shipping', () => {
  test('everything arrives in order, and leaves the spool when it is acknowledged', async () => {
    shipper.start();
    append(...names(1000));
    await until(() => taken.length === 1000);
    expect(taken).toEqual(names(1000));
    await until(() => left().length === 0);
    expect(shipper.shipped).toBe(1000);
  });

  test('what comes close together goes together', async () => {
    shipper.start();
    for (const name of names(10)) append(name);
    await until(() => taken.length === 10);
    expect(batches.map(({ records }) => records.length)).toEqual([10]);
  });

  test('nothing leaves the spool before it is acknowledged', async () => {
    answer = () => undefined;
    append('a', 'b');
    shipper.start();
    await until(() => batches.length === 1);
    expect(left()).toEqual(['a', 'b']);
  });

  test('batches are bounded by bytes; a record that is longer goes alone and holds nothing up', async () => {
    const half = 'x'.repeat(600_000);
    shipper.append(['a', 'b', 'c'].map((id) => ({ id, content: half })));
    shipper.append([{ id: 'huge', content: 'y'.repeat(15 << 20) }]);
    append('after');
    shipper.start();
    await until(() => taken.length === 5);
    expect(batches.map(({ records }) => records.map(({ id }) => id))).toEqual([
      ['a'],
      ['b'],
      ['c'],
      ['huge'],
      ['after'],
    ]);
  });

  test('a record that the control plane refuses is set aside, alone', async () => {
    answer = (call, { batch, records }) => {
      taken.push(...records.map(({ id }) => id));
      call.write({ batch, refused: records.filter(({ id }) => id === 'bad').map(({ id }) => ({ id, reason: 'bad' })) });
    };
    append('a', 'bad', 'b');
    shipper.start();
    await until(() => left().length === 0);
    expect([aside, shipper.shipped, shipper.setAside]).toEqual([['bad'], 2, 1]);
  });

  test('a record that breaks the whole stream each time is found, set aside, and holds nothing up', async () => {
    answer = (call, request) =>
      request.records.some(({ id }) => id === 'r300')
        ? refuseStream(call, status.INVALID_ARGUMENT)
        : take(call, request);
    append(...names(400));
    shipper.start();
    await until(() => left().length === 0, 'all of it is gone', 30_000);
    expect(aside).toEqual(['r300']);
    expect(new Set(taken)).toEqual(new Set(names(400).filter((id) => id !== 'r300')));
  });

  test('an outage sets nothing aside, however long it is', async () => {
    let calls = 0;
    answer = (call, request) => {
      calls += 1;
      if (calls <= 12) refuseStream(call, status.UNAVAILABLE);
      else take(call, request);
    };
    append('a', 'b');
    shipper.start();
    await until(() => left().length === 0, 'it goes on', 30_000);
    expect(aside).toEqual([]);
    expect(taken).toEqual(['a', 'b']);
  });

  test('what was under way when the stream broke is sent again, and again from the first', async () => {
    answer = (call, request) => {
      // The first batch is committed, and its acknowledgement lost.
      taken.push(...request.records.map(({ id }) => id));
      answer = take;
      refuseStream(call, status.UNAVAILABLE);
    };
    append('a', 'b');
    shipper.start();
    await until(() => left().length === 0);
    expect(taken).toEqual(['a', 'b', 'a', 'b']);
  });

  test('an acknowledgement of something else acknowledges nothing', async () => {
    answer = (call) => {
      answer = take;
      call.write({ batch: 77, refused: [] });
    };
    append('a');
    shipper.start();
    await until(() => taken.length === 1);
    expect([streams, taken]).toEqual([2, ['a']]);
  });

  test('what cannot be set aside stays in the spool until it can', async () => {
    let full = true;
    shipper = open({
      setAside: ({ id }) => {
        if (full) throw new Error('ENOSPC');
        aside.push(id);
      },
    });
    answer = (call, { batch, records }) =>
      void call.write({ batch, refused: records.map(({ id }) => ({ id, reason: 'bad' })) });
    append('bad');
    shipper.start();
    await until(() => streams >= 2);
    expect(left()).toEqual(['bad']);
    full = false;
    await until(() => left().length === 0);
    expect(aside).toEqual(['bad']);
  });

  test('a control plane that says nothing is left for another one', async () => {
    shipper = open({ patience: 100 });
    answer = () => {
      answer = take;
    };
    append('a');
    shipper.start();
    await until(() => left().length === 0);
    expect([streams, taken]).toEqual([2, ['a']]);
  });

  test('a disk that cannot be read just now is no crash: it is tried again', async () => {
    const { read } = spool;
    let broken = true;
    spool = Object.create(spool, {
      read: {
        value: (...args: Parameters<Spool['read']>) => {
          if (broken) throw new Error('EMFILE');
          return read(...args);
        },
      },
    }) as Spool;
    shipper = open();
    append('a');
    shipper.start();
    await until(() => streams >= 2);
    broken = false;
    await until(() => taken.length === 1);
  });

  test('a new certificate opens a new stream, after the old one has said all it had to', async () => {
    const held: (() => void)[] = [];
    answer = (call, request) => void held.push(() => take(call, request));
    append('a');
    shipper.start();
    await until(() => held.length === 1);
    shipper.renewed();
    append('b');
    expect(streams).toBe(1);
    answer = take;
    held[0]?.();
    await until(() => left().length === 0);
    expect([streams, taken]).toEqual([2, ['a', 'b']]);
  });

  test('stopping ships what is under way, when somebody takes it', async () => {
    shipper.start();
    append('a');
    await until(() => taken.length === 1);
    append('b');
    await shipper.stop();
    expect([taken, left()]).toEqual([['a', 'b'], []]);
  });
});
