import { Metadata, status } from '@grpc/grpc-js';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { AppendRequest, AppendResponse, AuditRecord, EvidenceServiceClient } from '@sallyport/contracts';
import { backoff } from '@sallyport/runtime';
import type { Logger, ScanLimits, Spool, SpoolPosition } from '@sallyport/runtime';
import type { EvidenceStore, KeptRecord } from './evidence.js';

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
const oneBatch: ScanLimits = { records: 1_000, bytes: 1 << 20 };
const oneRecord: ScanLimits = { records: 1, bytes: 0 };
/** Many statements, one batch: what a batch costs by itself is shared, and people see it soon enough. Milliseconds. */
const gather = 100;
/**
 * A batch is followed by a rest of so many times what it took, so that evidence in a hurry never takes a control plane, or
 * this proxy, from the statements that it is about. Not when the spool fills up.
 */
const rest = 3;
const longestRest = 1_000;
const hurryFrom = 0.25;
const commitPatience = 10_000;
const lastPatience = 3_000;
/** Answers that trying again does not change, if it is the record that they are about. */
const final: readonly number[] = [status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED, status.OUT_OF_RANGE];
const mostAttempts = 5;

/** A record in the spool: its id, a line feed, its content. */
const pack = ({ id, content }: KeptRecord): string => `${id}\n${content}`;

const unpack = (record: Uint8Array): AuditRecord => {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.length);
  const end = bytes.indexOf(0x0a);
  return { id: bytes.subarray(0, end).toString('utf8'), content: bytes.subarray(end + 1) };
};

interface Flying {
  readonly batch: number;
  readonly since: number;
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
  let flying: Flying | undefined;
  let batch = 0;
  let failures = 0;
  /** The control plane refused the whole stream: one record at a time tells which it is. So many are still to go alone. */
  let careful = 0;
  /** Of the record that stands first. */
  let refusals = 0;
  let timer: NodeJS.Timeout | undefined;
  let late: NodeJS.Timeout | undefined;
  let next: NodeJS.Timeout | undefined;
  let reopen = false;
  let stopped = true;
  let finished: (() => void) | undefined;
  const counts = { shipped: 0, setAside: 0 };

  const fill = (): void => {
    clearTimeout(next);
    next = undefined;
    if (stream === undefined || stopped || flying !== undefined) return;
    if (reopen) {
      const old = stream;
      connect();
      old.end();
      return;
    }
    const read = spool.read(careful === 0 ? oneBatch : oneRecord);
    if (read.records.length === 0) return;
    batch += 1;
    const records = read.records.map(unpack);
    flying = { batch, since: performance.now(), records, next: read.next };
    stream.write({ batch, records });
    watch();
  };

  const fillAfter = (delay: number): void => {
    next ??= setTimeout(() => guarded(stream, fill), delay).unref();
  };

  /** A control plane that is there and says nothing: another replica may be better. */
  const watch = (): void => {
    clearTimeout(late);
    if (flying !== undefined) late = setTimeout(() => stream?.cancel(), patience).unref();
  };

  const keepAside = (record: AuditRecord, reason: string): void => {
    setAside(record, reason);
    counts.setAside += 1;
  };

  const acknowledged = ({ batch: number, refused }: AppendResponse): void => {
    const first = flying;
    // What lies before an acknowledged place is gone for good.
    if (first?.batch !== number) throw new Error('evidence was acknowledged that is not under way');
    for (const { id, reason } of refused) {
      const record = first.records.find((each) => each.id === id);
      if (record !== undefined) keepAside(record, reason);
    }
    flying = undefined;
    watch();
    failures = 0;
    refusals = 0;
    careful = Math.max(0, careful - 1);
    counts.shipped += first.records.length - refused.length;
    spool.acknowledge(first.next);
    const hurry = finished !== undefined || careful > 0 || reopen || spool.size > spool.limit * hurryFrom;
    if (hurry) fill();
    else fillAfter(Math.min((performance.now() - first.since) * rest, longestRest));
    if (flying === undefined) finished?.();
  };

  /** The one record that was under way is the one that no control plane takes. */
  const passOver = (problem: ServiceError): void => {
    const first = flying;
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
    // From the first that nobody acknowledged: twice is harmless, never is not.
    flying = undefined;
    watch();
    const opened = client().append();
    stream = opened;
    const over = (problem?: ServiceError): void => {
      if (stream !== opened) return;
      stream = undefined;
      clearTimeout(late);
      finished?.();
      if (stopped) return;
      if (failures === 0) log.warn({ problem: problem?.message }, 'evidence cannot be shipped; it stays in the spool');
      if (problem !== undefined && final.includes(problem.code) && flying !== undefined) {
        refusals += 1;
        careful = oneBatch.records;
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
    if (flying === undefined) fillAfter(gather);
  });

  return {
    append: (records) => spool.append(...records.map(pack)),
    commit: ({ id, content }) =>
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
      if (stream !== undefined && failures === 0 && flying !== undefined)
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
      clearTimeout(next);
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
