import type { ClientDuplexStream } from '@grpc/grpc-js';
import type {
  BudgetReport,
  BudgetTotals,
  Bundle,
  ConfigurationServiceClient,
  Hello,
  RunCommand,
  RunResult,
  StreamRequest,
  StreamResponse,
} from '@sallyport/contracts';
import { refuse } from '@sallyport/kernel';
import type { Clock, Refusal } from '@sallyport/kernel';
import { backoff } from '@sallyport/runtime';
import type { Logger } from '@sallyport/runtime';
import type { BundleFile } from './bundle-file.js';
import { createBundles } from './bundles.js';
import type { BundlesInput, Taken } from './bundles.js';
import type { Configuration } from './gate.js';

export interface ControlInput {
  readonly clock: Clock;
  readonly file: BundleFile;
  readonly client: () => ConfigurationServiceClient;
  /** The control plane is connected and says nothing: the next client goes over a new connection. */
  readonly renewChannel: () => void;
  readonly trust: BundlesInput['trust'];
  /** A bundle was refused; the last good one stays. Somebody should look. */
  readonly alarm: () => void;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** What the control plane asks of this proxy beside taking its bundles. */
export interface ControlHandlers {
  /** Where this proxy is reached. */
  readonly hello: () => Pick<Hello, 'softwareVersion' | 'tunnel' | 'listeners'>;
  readonly sessions: () => readonly string[];
  endSession(id: string, reason: string): void;
  /** `undefined`: nothing to answer now. */
  run(command: RunCommand): Promise<RunResult | undefined>;
  /** Said hello; and whenever it had to be said again. */
  connected(): void;
  budgetTotals(totals: BudgetTotals): void;
}

export interface Control extends Configuration {
  start(handlers: ControlHandlers): void;
  /** What was taken is on disk. */
  stop(): Promise<void>;
  /** A new certificate: the stream is opened again under it, and nothing else is disturbed. */
  reconnect(): void;
  /** A bundle from wherever: only its signature counts. The reason when it is refused. */
  accept(bundle: Bundle): Promise<string | undefined>;
  /** It was heard of just now. */
  heard(): void;
  /** `false`: nobody is there who could hear it. */
  reportBudgets(report: BudgetReport): boolean;
  readonly connected: boolean;
  /** Milliseconds in which the control plane was there: a clock that stands while it is away. */
  readonly assured: number;
}

const heartbeatInterval = 5_000;
/** The control plane sends one as often. */
const silence = heartbeatInterval * 4;
const skew = 5_000;
const noBundle = refuse('policy_unavailable', 'no policy has come from the control plane yet');
const expired = refuse('policy_unavailable', 'the policy has expired', { hint: 'Nothing was executed.' });
const stale = refuse('policy_stale', 'the control plane was not heard of for too long, so nothing is decided', {
  hint: 'Nothing was executed. It goes on by itself when the control plane is back.',
  facts: { retry_after: 5 },
});

type Stream = ClientDuplexStream<StreamRequest, StreamResponse>;

/** The configuration stream's end in a proxy: bundles in force, staleness, and orders that came with it. */
export const createControl = ({ clock, file, client, renewChannel, trust, alarm, log }: ControlInput): Control => {
  const bundles = createBundles({ now: () => clock.now(), file, trust, log });
  let heardAt = -Infinity;
  let stream: Stream | undefined;
  let openedAt = -Infinity;
  let handlers: ControlHandlers | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  const moved = new Map<string, { readonly connection: string; readonly database: string; sentAt: number }>();
  let assured = 0;

  const heard = (): void => {
    assured += sinceHeard();
    heardAt = clock.monotonic();
  };
  /** Of a silence only so much counts as one in which the control plane was there. */
  const sinceHeard = (): number =>
    heardAt === -Infinity ? 0 : Math.min(Math.max(0, clock.monotonic() - heardAt), heartbeatInterval * 2);
  /** It is there, and has had the time to read what it was sent. */
  const forgetMoved = (): void => {
    for (const [key, { sentAt }] of moved) if (clock.monotonic() - sentAt > heartbeatInterval * 2) moved.delete(key);
  };
  const tellMoved = (key: string): void => {
    const told = moved.get(key);
    if (told === undefined) return;
    told.sentAt = clock.monotonic();
    send({ $case: 'catalogMoved', value: { connection: told.connection, database: told.database } });
  };

  const send = (message: StreamRequest['message']): void => void stream?.write({ message });

  const refused = ({ version, reason }: Taken, message: string): void => {
    alarm();
    log.error({ version, reason }, message);
  };

  const apply = async (bundle: Bundle): Promise<void> => {
    const taken = await bundles.take(bundle);
    if (taken.reason !== undefined) {
      refused(taken, 'a bundle was refused; the last good one stays');
      send({ $case: 'refuse', value: { manifestVersion: taken.version, reason: taken.reason } });
      return;
    }
    log.info({ version: taken.version }, 'policy in force');
    send({ $case: 'acknowledge', value: { manifestVersion: taken.version } });
  };

  const receive = ({ message }: StreamResponse): void => {
    heard();
    switch (message?.$case) {
      case 'snapshot':
      case 'delta':
        return void apply(message.value);
      case 'endSession':
        return handlers?.endSession(message.value.sessionId, message.value.reason);
      case 'budgetTotals':
        return handlers?.budgetTotals(message.value);
      case 'runCommand':
        handlers?.run(message.value).then(
          (value) => {
            if (value !== undefined) send({ $case: 'runResult', value });
          },
          (err: unknown) => log.error({ err, run: message.value.runId }, 'a run by id broke'),
        );
        return;
      // To agents, and nothing that we know.
      case 'heartbeat':
      case 'readCatalog':
      case undefined:
        return;
    }
  };

  const connect = (): void => {
    timer = undefined;
    const now = handlers;
    if (now === undefined) return;
    const opened = client().stream();
    stream = opened;
    openedAt = clock.monotonic();
    let lost = false;
    const over = (problem?: Error): void => {
      if (lost) return;
      lost = true;
      if (stream === opened) stream = undefined;
      if (handlers === undefined || timer !== undefined || stream !== undefined) return;
      if (failures === 0) log.warn({ problem: problem?.message }, 'the control plane is not reachable');
      timer = setTimeout(connect, backoff(failures++, { first: 100, most: 3_000, random: Math.random }));
    };
    opened.on('data', (response: StreamResponse) => {
      failures = 0;
      forgetMoved();
      if (stream === opened) receive(response);
    });
    opened.on('error', over);
    opened.on('end', () => over());
    const value: Hello = {
      ...now.hello(),
      chunks: [...bundles.held],
      manifestVersion: bundles.current?.manifest.version ?? 0,
    };
    send({ $case: 'hello', value });
    send({ $case: 'sessions', value: { live: [...now.sessions()] } });
    for (const key of moved.keys()) tellMoved(key);
    now.connected();
  };

  const beat = (): void => {
    send({ $case: 'heartbeat', value: { sentAt: Math.trunc(clock.now()) } });
    if (handlers !== undefined) send({ $case: 'sessions', value: { live: [...handlers.sessions()] } });
    if (stream !== undefined && clock.monotonic() - Math.max(heardAt, openedAt) > silence) {
      log.warn({}, 'the control plane says nothing; connecting anew');
      renewChannel();
      return stream.cancel();
    }
    if (stream === undefined || clock.monotonic() - heardAt > heartbeatInterval * 2 || bundles.current === undefined)
      return;
    try {
      file.touch();
    } catch {
      // Only a restart without the control plane would look at it.
    }
  };
  let beating: NodeJS.Timeout | undefined;

  /** What was left on disk, if it still holds; as old as it is. */
  const restore = (): void => {
    const kept = file.read();
    if (kept === undefined) return;
    if (kept === 'damaged') return refused({ version: 0, reason: 'malformed' }, 'the bundle on disk is damaged');
    const taken = bundles.restore(kept.bundle);
    if (taken.reason !== undefined) return refused(taken, 'the bundle on disk is refused');
    const age = clock.now() - kept.heardAt;
    // A little ahead is the file system's clock; more than that is a clock that was set, and says nothing.
    heardAt = age > -skew ? clock.monotonic() - Math.max(0, age) : -Infinity;
    log.info({ version: taken.version }, 'the last bundle on disk is in force');
  };

  return {
    get current() {
      return bundles.current;
    },
    get unfit(): Refusal | undefined {
      const manifest = bundles.current?.manifest;
      if (manifest === undefined) return noBundle;
      const { notAfter, maxStaleness } = manifest;
      if (clock.now() >= notAfter) return expired;
      return clock.monotonic() - heardAt > maxStaleness ? stale : undefined;
    },
    get assured() {
      return assured + sinceHeard();
    },
    get connected() {
      return stream !== undefined && clock.monotonic() - heardAt < heartbeatInterval * 3;
    },
    catalogMoved(connection, database) {
      const key = `${connection}/${database}`;
      // Kept until the control plane has surely read it: sent twice is harmless.
      moved.set(key, { connection, database, sentAt: 0 });
      tellMoved(key);
    },
    async accept(bundle) {
      return (await bundles.take(bundle)).reason;
    },
    heard,
    reportBudgets(value) {
      if (stream === undefined) return false;
      send({ $case: 'budgetReport', value });
      return true;
    },
    start(given) {
      handlers = given;
      restore();
      beating = setInterval(beat, heartbeatInterval);
      connect();
    },
    reconnect() {
      const old = stream;
      if (old === undefined) return;
      connect();
      old.end();
    },
    stop() {
      handlers = undefined;
      clearTimeout(timer);
      clearInterval(beating);
      stream?.end();
      stream = undefined;
      return bundles.written();
    },
  };
};
