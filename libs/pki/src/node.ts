import { X509Certificate } from 'node:crypto';
import { EnrolmentProblem, enrol, renew } from './enrol.js';
import type { EnrolOptions } from './enrol.js';
import { renewAt } from './renewal.js';
import { readCredentials, writeCredentials } from './store.js';
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
  readonly log: { info(detail: object, message: string): void; warn(detail: object, message: string): void };
}

/** A node's own standing: enrolled once, renewed for ever. */
export interface Node {
  /** The newest; read it each time a connection is made. */
  credentials(): NodeCredentials;
  /** Called with each renewal. What is connected stays connected. */
  onRenewal(listener: (credentials: NodeCredentials) => void): void;
  close(): void;
}

/** @throws EnrolmentProblem when it is not enrolled and cannot be. */
export async function openNode(options: NodeOptions): Promise<Node> {
  const { directory, kind, name, control, log } = options;
  let present = usable(readCredentials(directory), options) ?? (await firstEnrolment(options));
  const listeners: ((credentials: NodeCredentials) => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const schedule = (delay: number): void => {
    if (closed) return;
    // A timer takes at most 2^31 - 1 ms.
    timer = setTimeout(() => void attempt(), Math.min(Math.max(delay, 1_000), 2_000_000_000));
    timer.unref();
  };
  const attempt = async (): Promise<void> => {
    if (Date.now() < dueAt(present, 0)) return schedule(dueAt(present, Math.random()) - Date.now());
    try {
      present = await renew({ address: control, credentials: present });
      writeCredentials(directory, present);
      log.info({ kind, name }, 'certificate renewed');
      for (const listener of listeners) listener(present);
      schedule(dueAt(present, Math.random()) - Date.now());
    } catch (error) {
      log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'certificate not renewed, trying again');
      schedule(30_000 + 30_000 * Math.random());
    }
  };
  schedule(dueAt(present, Math.random()) - Date.now());
  return {
    credentials: () => present,
    onRenewal: (listener) => void listeners.push(listener),
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

async function firstEnrolment({
  directory,
  kind,
  name,
  enrolment,
  joinToken,
  log,
}: NodeOptions): Promise<NodeCredentials> {
  if (joinToken === undefined || enrolment === undefined)
    throw new EnrolmentProblem(
      'this node is not enrolled: set SALLYPORT_ENROLMENT and SALLYPORT_JOIN_TOKEN (POST /v1/join-tokens makes one)',
      false,
    );
  for (let attempt = 0; ; attempt++) {
    try {
      const credentials = await enrol({ address: enrolment, joinToken, kind, name });
      writeCredentials(directory, credentials);
      log.info({ kind, name }, 'enrolled');
      return credentials;
    } catch (error) {
      if (!(error instanceof EnrolmentProblem) || !error.temporary || attempt >= 20) throw error;
      log.warn({ reason: error.message }, 'not enrolled yet, trying again');
      await new Promise((resolve) => setTimeout(resolve, 250 + 1_000 * Math.random()));
    }
  }
}

/** Kept credentials count if they are this node's and have not run out. */
function usable(kept: NodeCredentials | undefined, { kind, name }: NodeOptions): NodeCredentials | undefined {
  if (kept === undefined || kept.kind !== kind || kept.name !== name) return undefined;
  return new X509Certificate(kept.certificate).validToDate.getTime() > Date.now() ? kept : undefined;
}

function dueAt({ certificate }: NodeCredentials, random: number): number {
  const parsed = new X509Certificate(certificate);
  return renewAt(parsed.validFromDate.getTime(), parsed.validToDate.getTime(), random);
}
