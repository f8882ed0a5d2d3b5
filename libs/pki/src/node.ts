import { X509Certificate } from 'node:crypto';
import { enrol, enrolWorker, renew } from './enrol.js';
import type { EnrolOptions } from './enrol.js';
import { certificateSkew } from './identity.js';
import { EnrolmentProblem } from './problem.js';
import { renewAt, retryRenewalIn } from './renewal.js';
import { prepareDirectory, readCredentials, writeCredentials } from './store.js';
import type { NodeCredentials } from './store.js';

export interface NodeOptions {
  readonly directory: string;
  readonly kind: EnrolOptions['kind'];
  readonly name: string;
  /** host:port of the control plane. */
  readonly control: string;
  /** host:port of the enrolment listener; needed until enrolled. */
  readonly enrolment: string | undefined;
  readonly joinToken: string | undefined;
  /** A worker of a proxy enrols with the proxy's certificate instead. */
  readonly worker?: WorkerOptions | undefined;
  readonly log: NodeLog;
  readonly clock?: NodeClock;
}

export interface WorkerOptions {
  /** From 2: the first worker is the proxy itself. */
  readonly number: number;
  /** Where the proxy keeps its own certificate. */
  readonly proxyDirectory: string;
}

export interface NodeLog {
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
  error(detail: object, message: string): void;
}

export interface NodeClock {
  now(): number;
  /** Gives what calls it off. */
  after(milliseconds: number, action: () => void): () => void;
}

/** A node's own standing: enrolled once, renewed for ever. */
export interface Node {
  /** The newest; read it each time a connection is made. */
  credentials(): NodeCredentials;
  /** Called with each renewal. What is connected stays connected. */
  onRenewal(listener: (credentials: NodeCredentials) => void): void;
  close(): void;
}

/** Timers sleep while a machine sleeps, and certificates do not: look at the clock at least so often. */
const longestSleep = 10 * 60_000;

const systemClock: NodeClock = {
  now: () => Date.now(),
  after: (milliseconds, action) => {
    const timer = setTimeout(action, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

/** @throws EnrolmentProblem when it is not enrolled and cannot be. */
export async function openNode(options: NodeOptions): Promise<Node> {
  const { directory, kind, name, control, log, clock = systemClock } = options;
  let present =
    options.worker === undefined
      ? (stillGood(options, clock.now()) ?? (await enrolFirst(options)))
      : await enrolAsWorker(options, options.worker, clock.now());
  const listeners: ((credentials: NodeCredentials) => void)[] = [];
  let random = Math.random();
  let callOff = (): void => undefined;
  let closed = false;
  let saved = true;

  const sleep = (milliseconds: number): void => {
    if (closed) return;
    callOff = clock.after(Math.min(Math.max(milliseconds, 1_000), longestSleep), () => void look());
  };

  const save = (): void => {
    try {
      writeCredentials(directory, present);
      saved = true;
    } catch (err) {
      saved = false;
      log.error({ err, directory }, 'the new certificate cannot be kept: a restart would go on with the former one');
    }
  };

  /** Every listener hears of it, whatever becomes of the others. */
  const tell = (): void => {
    for (const listener of listeners)
      try {
        listener(present);
      } catch (err) {
        log.error({ err }, 'a part could not take the new certificate');
      }
  };

  const look = async (): Promise<void> => {
    if (!saved) save();
    const due = dueAt(present, random);
    if (clock.now() < due) return sleep(due - clock.now());
    try {
      present = await renew({ address: control, credentials: present });
    } catch (error) {
      const left = endOf(present).getTime() - clock.now();
      const reason = error instanceof Error ? error.message : 'unknown';
      if (left > 0) log.warn({ reason }, 'certificate not renewed, trying again');
      else log.error({ reason }, `the certificate has ended: ${enrolAgain}`);
      return sleep(retryRenewalIn(left, Math.random()));
    }
    random = Math.random();
    random = Math.random();
    save();
    log.info({ kind, name, until: endOf(present) }, 'certificate renewed');
    tell();
    sleep(dueAt(present, random) - clock.now());
  };

  sleep(dueAt(present, random) - clock.now());
  return {
    credentials: () => present,
    onRenewal: (listener) => void listeners.push(listener),
    close: () => {
      closed = true;
      callOff();
    },
  };
}

const enrolAgain =
  'make a join token (POST /v1/join-tokens) and start this node once with SALLYPORT_ENROLMENT and SALLYPORT_JOIN_TOKEN';

/**
 * What is kept in the directory, if it still counts. `undefined`: there is nothing, or it has ended and a join token is at
 * hand for the next one.
 */
function stillGood(options: NodeOptions, now: number): NodeCredentials | undefined {
  const { kind, name, joinToken, log } = options;
  const kept = keptBy(options);
  if (kept === undefined) return undefined;
  const end = endOf(kept);
  if (end.getTime() > now) return kept;
  const ended = `the certificate of the ${kind} "${name}" ended at ${end.toISOString()}`;
  if (joinToken === undefined) throw new EnrolmentProblem(`${ended}: ${enrolAgain}`, false);
  log.warn({ until: end }, 'the certificate has ended; enrolling again');
  return undefined;
}

/** @throws EnrolmentProblem when another one's is there. */
function keptBy({ directory, kind, name }: NodeOptions): NodeCredentials | undefined {
  const kept = readCredentials(directory);
  if (kept !== undefined && (kept.kind !== kind || kept.name !== name))
    throw new EnrolmentProblem(
      `${directory} belongs to the ${kept.kind} "${kept.name}", and this is the ${kind} "${name}": give it a directory of its own`,
      false,
    );
  return kept;
}

/**
 * Asks at each start, for the proxy may have enrolled anew meanwhile, which ended what its workers had. What is kept serves
 * where nothing comes of it.
 */
async function enrolAsWorker(
  options: NodeOptions,
  { number, proxyDirectory }: WorkerOptions,
  now: number,
): Promise<NodeCredentials> {
  const { directory, name, control, log } = options;
  const kept = keptBy(options);
  prepareDirectory(directory);
  const ask = async (): Promise<NodeCredentials> => {
    const proxy = readCredentials(proxyDirectory);
    if (proxy === undefined)
      throw new EnrolmentProblem(`the worker "${name}" finds no certificate of its proxy in ${proxyDirectory}`, true);
    const credentials = await enrolWorker({ address: control, credentials: proxy, number });
    writeCredentials(directory, credentials);
    return credentials;
  };
  if (kept === undefined || endOf(kept).getTime() <= now) return patiently(options, ask);
  return ask().catch((error: unknown) => {
    if (!(error instanceof EnrolmentProblem)) throw error;
    log.warn({ reason: error.message }, 'no new certificate for this worker; it goes on with the one that it has');
    return kept;
  });
}

async function enrolFirst(options: NodeOptions): Promise<NodeCredentials> {
  const { directory, kind, name, enrolment, joinToken } = options;
  if (joinToken === undefined || enrolment === undefined)
    throw new EnrolmentProblem(`the ${kind} "${name}" is not enrolled: ${enrolAgain}`, false);
  // A join token works once: it is not spent on what could not be kept.
  prepareDirectory(directory);
  return patiently(options, async () => {
    const credentials = await enrol({ address: enrolment, joinToken, kind, name });
    writeCredentials(directory, credentials);
    return credentials;
  });
}

/** Again, where time may help. */
async function patiently(
  { kind, name, log }: NodeOptions,
  attempt: () => Promise<NodeCredentials>,
): Promise<NodeCredentials> {
  for (let attempts = 0; ; attempts++) {
    try {
      const credentials = await attempt();
      log.info({ kind, name, until: endOf(credentials) }, 'enrolled');
      return credentials;
    } catch (error) {
      if (!(error instanceof EnrolmentProblem) || !error.temporary || attempts >= 20) throw error;
      log.warn({ reason: error.message }, 'not enrolled yet, trying again');
      await new Promise((resolve) => setTimeout(resolve, 250 + 1_000 * Math.random()));
    }
  }
}

const endOf = ({ certificate }: NodeCredentials): Date => new X509Certificate(certificate).validToDate;

function dueAt(credentials: NodeCredentials, random: number): number {
  const begun = new X509Certificate(credentials.certificate).validFromDate.getTime();
  return renewAt(begun + certificateSkew, endOf(credentials).getTime(), random);
}
