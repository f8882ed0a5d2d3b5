import type { ClientDuplexStream } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import type { AppendRequest, AppendResponse, AuditRecord, EvidenceServiceClient } from '@sallyport/contracts';
import { backoff } from '@sallyport/runtime';
import type { Logger, Spool, SpoolPosition } from '@sallyport/runtime';
import type { EvidenceStore } from './evidence.js';

export interface ShipperInput {
  readonly spool: Spool;
  readonly client: () => EvidenceServiceClient;
  /** Records that the control plane can never take are kept aside, and a person is told. */
  readonly setAside: (record: AuditRecord, reason: string) => void;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Spool and control plane as one store: kept here first, then shipped until it is acknowledged. */
export interface Shipper extends EvidenceStore {
  start(): void;
  stop(): void;
}

const batchSize = 256;
const mostFlying = 4;
const commitPatience = 10_000;

/** A record in the spool: its id, a line feed, its content. */
const pack = (id: string, content: Uint8Array): Uint8Array => Buffer.concat([Buffer.from(`${id}\n`), content]);

const unpack = (record: Uint8Array): AuditRecord => {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.length);
  const end = bytes.indexOf(0x0a);
  return { id: bytes.subarray(0, end).toString('utf8'), content: bytes.subarray(end + 1) };
};

interface Flying {
  readonly batch: number;
  readonly records: readonly AuditRecord[];
  readonly next: SpoolPosition;
}

export const createShipper = ({ spool, client, setAside, log }: ShipperInput): Shipper => {
  let stream: ClientDuplexStream<AppendRequest, AppendResponse> | undefined;
  let flying: Flying[] = [];
  let from: SpoolPosition | undefined;
  let batch = 0;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let soon = false;
  let stopped = true;

  const fill = (): void => {
    soon = false;
    if (stream === undefined || stopped) return;
    while (flying.length < mostFlying) {
      const { records, next } = spool.read(batchSize, from);
      if (records.length === 0) return;
      from = next;
      batch += 1;
      const packed = records.map(unpack);
      flying.push({ batch, records: packed, next });
      stream.write({ batch, records: packed });
    }
  };

  const acknowledged = ({ batch: number, refused }: AppendResponse): void => {
    const first = flying[0];
    // Only in order: what lies before an acknowledged place is gone for good.
    if (first === undefined || first.batch !== number) return void stream?.cancel();
    flying.shift();
    failures = 0;
    for (const { id, reason } of refused) {
      const record = first.records.find((each) => each.id === id);
      if (record !== undefined) setAside(record, reason);
    }
    spool.acknowledge(first.next);
    fill();
  };

  const connect = (): void => {
    timer = undefined;
    if (stopped) return;
    flying = [];
    // From the first that nobody acknowledged: twice is harmless, never is not.
    from = undefined;
    const opened = client().append();
    stream = opened;
    let lost = false;
    const over = (problem?: Error): void => {
      if (lost) return;
      lost = true;
      if (stream === opened) stream = undefined;
      if (stopped) return;
      if (failures === 0) log.warn({ problem: problem?.message }, 'evidence cannot be shipped; it stays in the spool');
      timer = setTimeout(connect, backoff(failures++, { first: 200, most: 5_000, random: Math.random }));
    };
    opened.on('data', acknowledged);
    opened.on('error', over);
    opened.on('end', () => over());
    fill();
  };

  spool.onAppend(() => {
    if (soon) return;
    soon = true;
    // Many statements, one batch.
    setTimeout(fill, 20).unref();
  });

  return {
    append: (id, content) => spool.append(pack(id, content)),
    commit: (id, content) =>
      new Promise((resolve, reject) => {
        client().appendDurable(
          { records: [{ id, content: Buffer.from(content) }] },
          new Metadata(),
          { deadline: Date.now() + commitPatience },
          (error) => (error === null ? resolve() : reject(error)),
        );
      }),
    start() {
      stopped = false;
      connect();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      stream?.cancel();
    },
  };
};
