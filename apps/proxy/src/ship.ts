import { Metadata, status } from '@grpc/grpc-js';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { AppendRequest, AppendResponse, AuditRecord, EvidenceServiceClient } from '@sallyport/contracts';
import { backoff } from '@sallyport/runtime';
import type { Logger, ScanLimits, Spool, SpoolPosition } from '@sallyport/runtime';
import type { EvidenceStore } from './evidence.js';

export interface ShipperInput {
  readonly spool: Spool;
  readonly client: () => EvidenceServiceClient;
  /** Records that the control plane can never take are kept aside, and a person is told. May throw: then they stay here. */
  readonly setAside: (record: AuditRecord, reason: string) => void;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** How long the control plane may take for one batch, milliseconds. */
  readonly patience?: number;
  /** Between attempts, milliseconds. */
  readonly retry?: { readonly first: number; readonly most: number };
}

const usual = { first: 200, most: 5_000 };

/** Spool and control plane as one store: kept here first, then shipped until it is acknowledged. */
export interface Shipper extends EvidenceStore {
  start(): void;
  /** Ships what it can at once, within a bound; the rest stays for the next start. */
  stop(): Promise<void>;
  /** What is under way ends under the old certificate, what follows goes under the new one. */
  renewed(): void;
  /** Records that the control plane took, and those that were set aside. */
  readonly shipped: number;
  readonly setAside: number;
}

/** Below what gRPC takes anywhere (4 MiB by default); a record that is longer goes alone. */
const oneBatch: ScanLimits = { records: 256, bytes: 1 << 20 };
const oneRecord: ScanLimits = { records: 1, bytes: 0 };
const mostFlying = 4;
const commitPatience = 10_000;
const lastPatience = 3_000;
/** Answers that trying again does not change, if it is the record that they are about. */
const final: readonly number[] = [status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED, status.OUT_OF_RANGE];
const mostAttempts = 5;

/** A record in the spool: its id, a line feed, its content. */
const pack = (id: string, content: string): Uint8Array => Buffer.from(`${id}\n${content}`);

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

export const createShipper = ({
  spool,
  client,
  setAside,
  log,
  patience = 30_000,
  retry = usual,
}: ShipperInput): Shipper => {
  let stream: ClientDuplexStream<AppendRequest, AppendResponse> | undefined;
  let flying: Flying[] = [];
  let from: SpoolPosition | undefined;
  let batch = 0;
  let failures = 0;
  /** The control plane refused the whole stream: one record at a time tells which it is. So many are still to go alone. */
  let careful = 0;
  /** Of the record that stands first. */
  let refusals = 0;
  let timer: NodeJS.Timeout | undefined;
  let late: NodeJS.Timeout | undefined;
  let soon = false;
  let reopen = false;
  let stopped = true;
  let finished: (() => void) | undefined;
  const counts = { shipped: 0, setAside: 0 };

  const fill = (): void => {
    soon = false;
    if (stream === undefined || stopped) return;
    if (reopen && flying.length === 0) {
      const old = stream;
      connect();
      old.end();
      return;
    }
    const [most, limits] = careful === 0 ? [mostFlying, oneBatch] : [1, oneRecord];
    while (flying.length < most && !reopen) {
      const { records, next } = spool.read(limits, from);
      if (records.length === 0) return;
      from = next;
      batch += 1;
      const packed = records.map(unpack);
      flying.push({ batch, records: packed, next });
      stream.write({ batch, records: packed });
      watch();
    }
  };

  /** A control plane that is there and says nothing: another replica may be better. */
  const watch = (): void => {
    clearTimeout(late);
    if (flying.length > 0) late = setTimeout(() => stream?.cancel(), patience).unref();
  };

  const keepAside = (record: AuditRecord, reason: string): void => {
    setAside(record, reason);
    counts.setAside += 1;
  };

  const acknowledged = ({ batch: number, refused }: AppendResponse): void => {
    const [first] = flying;
    // Only in order: what lies before an acknowledged place is gone for good.
    if (first?.batch !== number) throw new Error('evidence was acknowledged out of order');
    for (const { id, reason } of refused) {
      const record = first.records.find((each) => each.id === id);
      if (record !== undefined) keepAside(record, reason);
    }
    flying.shift();
    watch();
    failures = 0;
    refusals = 0;
    careful = Math.max(0, careful - 1);
    counts.shipped += first.records.length - refused.length;
    spool.acknowledge(first.next);
    fill();
    if (flying.length === 0) finished?.();
  };

  /** The one record that was under way is the one that no control plane takes. */
  const passOver = (problem: ServiceError): void => {
    const [first] = flying;
    const [record] = first?.records ?? [];
    if (first === undefined || record === undefined || first.records.length > 1 || refusals < mostAttempts) return;
    keepAside(record, problem.details);
    spool.acknowledge(first.next);
    refusals = 0;
  };

  const connect = (): void => {
    timer = undefined;
    reopen = false;
    if (stopped) return;
    flying = [];
    watch();
    // From the first that nobody acknowledged: twice is harmless, never is not.
    from = undefined;
    const opened = client().append();
    stream = opened;
    const over = (problem?: ServiceError): void => {
      if (stream !== opened) return;
      stream = undefined;
      clearTimeout(late);
      finished?.();
      if (stopped) return;
      if (failures === 0) log.warn({ problem: problem?.message }, 'evidence cannot be shipped; it stays in the spool');
      if (problem !== undefined && final.includes(problem.code) && flying.length > 0) {
        refusals += 1;
        careful = oneBatch.records * mostFlying;
        guarded(opened, () => passOver(problem));
      }
      timer = setTimeout(connect, backoff(failures++, { ...retry, random: Math.random }));
    };
    opened.on('data', (response: AppendResponse) => {
      if (stream === opened) guarded(opened, () => acknowledged(response));
    });
    opened.on('error', over);
    opened.on('end', () => over());
    guarded(opened, fill);
  };

  /** A disk that cannot be read or written just now: everything stays where it is, and is tried again. */
  const guarded = (on: ClientDuplexStream<AppendRequest, AppendResponse> | undefined, action: () => void): void => {
    try {
      action();
    } catch (error) {
      log.warn({ err: error }, 'evidence cannot be shipped just now');
      on?.cancel();
    }
  };

  spool.onAppend(() => {
    if (soon) return;
    soon = true;
    // Many statements, one batch.
    setTimeout(() => guarded(stream, fill), 20).unref();
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
    async stop() {
      guarded(stream, fill);
      if (stream !== undefined && failures === 0 && flying.length > 0)
        await new Promise<void>((resolve) => {
          const bound = setTimeout(resolve, lastPatience);
          finished = () => {
            clearTimeout(bound);
            resolve();
          };
        });
      stopped = true;
      clearTimeout(timer);
      clearTimeout(late);
      stream?.cancel();
    },
    renewed() {
      reopen = true;
      guarded(stream, fill);
    },
    get shipped() {
      return counts.shipped;
    },
    get setAside() {
      return counts.setAside;
    },
  };
};
