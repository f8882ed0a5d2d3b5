import type { ClientDuplexStream } from '@grpc/grpc-js';
import type {
  CatalogReport,
  ConfigurationServiceClient,
  ReadCatalog,
  SampleColumns,
  SampleReport,
  StreamRequest,
  StreamResponse,
} from '@sallyport/contracts';
import { backoff } from '@sallyport/runtime';
import type { Logger } from '@sallyport/runtime';
import { takeAssignment } from './assignment.js';
import type { Assignment, TakeOptions } from './assignment.js';
import type { BundleFile } from './bundle-file.js';

export interface ControlInput {
  /** Made anew for each attempt: certificates are renewed. */
  readonly client: () => ConfigurationServiceClient;
  readonly file: BundleFile;
  readonly trust: { readonly tenant: () => string; readonly verify: TakeOptions['verify'] };
  readonly softwareVersion: string;
  /** A bundle was refused; the last good one stays. Somebody should look. */
  readonly alarm: () => void;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

export interface ControlHandlers {
  assigned(assignment: Assignment): void;
  readCatalog(order: ReadCatalog): void;
  sampleColumns(order: SampleColumns): void;
}

/** The configuration stream's end in an agent: assignments down, catalogs up. */
export interface Control {
  start(handlers: ControlHandlers): void;
  /** Kept until the stream is up, newest per database. */
  report(catalog: CatalogReport): void;
  /** Said once: who ordered it can order it again. */
  sampled(report: SampleReport): void;
  /** `undefined` also when what it was told has expired. */
  readonly current: Assignment | undefined;
  readonly connected: boolean;
  /** A new certificate: the stream is opened again under it. */
  reconnect(): void;
  stop(): void;
}

type Stream = ClientDuplexStream<StreamRequest, StreamResponse>;
const heartbeatInterval = 5_000;
/** The control plane sends one as often. */
const silence = heartbeatInterval * 4;

export function createControl({ client, file, trust, softwareVersion, alarm, log }: ControlInput): Control {
  let current: Assignment | undefined;
  let stream: Stream | undefined;
  let heardAt = 0;
  let openedAt = 0;
  let timer: NodeJS.Timeout | undefined;
  let beat: NodeJS.Timeout | undefined;
  let failures = 0;
  let stopped = false;
  let handlers: ControlHandlers | undefined;
  const reports = new Map<string, CatalogReport>();
  const send = (message: StreamRequest['message']): void => void stream?.write({ message });

  const take = (bundle: TakeOptions['bundle']): ReturnType<typeof takeAssignment> => {
    const before = current;
    try {
      const taken = takeAssignment({ bundle, current, now: Date.now(), tenant: trust.tenant(), verify: trust.verify });
      if (taken.kind === 'taken') assign(taken.assignment);
      return taken;
    } catch (err) {
      current = before;
      log.error({ err }, 'a bundle could not be read');
      return { kind: 'refused', version: 0, reason: 'malformed: it cannot be read' };
    }
  };

  const assign = (assignment: Assignment): void => {
    current = assignment;
    // Of what it serves no more it reports no more.
    for (const [key, { connection }] of reports) if (!assignment.connections.has(connection)) reports.delete(key);
    handlers?.assigned(assignment);
  };

  const refused = (version: number, reason: string, message: string): void => {
    alarm();
    log.error({ version, reason }, message);
  };

  const apply = (bundle: TakeOptions['bundle']): void => {
    const taken = take(bundle);
    if (taken.kind === 'refused') {
      refused(taken.version, taken.reason, 'a bundle was refused; the last good one stays');
      return send({ $case: 'refuse', value: { manifestVersion: taken.version, reason: taken.reason } });
    }
    const { manifest, connections, proxies } = taken.assignment;
    log.info({ version: manifest.version, connections: connections.size, proxies: proxies.length }, 'assigned');
    try {
      file.write(taken.assignment.bundle);
    } catch (err) {
      log.warn({ err }, 'the bundle cannot be kept on disk: a restart without the control plane would lack it');
    }
    send({ $case: 'acknowledge', value: { manifestVersion: manifest.version } });
  };

  const receive = ({ message }: StreamResponse): void => {
    heardAt = performance.now();
    failures = 0;
    switch (message?.$case) {
      case 'snapshot':
      case 'delta':
        return apply(message.value);
      case 'readCatalog':
        return handlers?.readCatalog(message.value);
      case 'sampleColumns':
        return handlers?.sampleColumns(message.value);
      case 'heartbeat':
      // To proxies, and nothing that we know.
      case 'endSession':
      case 'runCommand':
      case undefined:
        return;
    }
  };

  const connect = (): void => {
    if (stopped) return;
    const service = client();
    const opened = service.stream();
    stream = opened;
    openedAt = performance.now();
    const lost = (reason: string): void => {
      service.close();
      if (stream !== opened) return;
      stream = undefined;
      if (stopped) return;
      const delay = backoff(failures++, { first: 200, most: 5_000, random: Math.random });
      log.warn({ reason, delay }, 'the control plane is not connected, trying again');
      timer = setTimeout(connect, delay);
    };
    opened.on('data', receive);
    opened.on('error', (error: Error) => lost(error.message));
    opened.on('end', () => lost('the stream ended'));
    send({
      $case: 'hello',
      value: {
        softwareVersion,
        chunks: current?.bundle.chunks.map(({ digest }) => digest) ?? [],
        manifestVersion: current?.manifest.version ?? 0,
        tunnel: undefined,
        listeners: [],
      },
    });
    for (const value of reports.values()) send({ $case: 'catalog', value });
  };

  return {
    start: (given) => {
      handlers = given;
      const kept = file.read();
      if (kept === 'damaged') refused(0, 'malformed', 'the bundle on disk is damaged');
      else if (kept !== undefined) {
        const taken = take(kept);
        if (taken.kind === 'refused') refused(taken.version, taken.reason, 'the bundle on disk is refused');
      }
      beat = setInterval(() => {
        send({ $case: 'heartbeat', value: { sentAt: Date.now() } });
        if (stream === undefined || performance.now() - Math.max(heardAt, openedAt) < silence) return;
        log.warn({}, 'the control plane says nothing; connecting anew');
        stream.cancel();
      }, heartbeatInterval);
      connect();
    },
    report: (catalog) => {
      const key = `${catalog.connection}/${catalog.database}`;
      // Whom we meet next may not have what is still so: the content is kept. Parts that it lacks it asks for.
      const before = reports.get(key);
      const kept = catalog.unchanged === '' || before === undefined ? catalog : { ...before, move: catalog.move };
      reports.set(key, kept);
      send({ $case: 'catalog', value: catalog });
    },
    sampled: (value) => send({ $case: 'samples', value }),
    get current() {
      return current !== undefined && Date.now() < current.manifest.notAfter ? current : undefined;
    },
    get connected() {
      return stream !== undefined && heardAt > 0 && performance.now() - heardAt < heartbeatInterval * 3;
    },
    reconnect: () => {
      const old = stream;
      if (old === undefined) return;
      connect();
      old.end();
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      clearInterval(beat);
      stream?.end();
    },
  };
}
