import { spellEvent } from '@sallyport/audit';
import type { AuditEvent } from '@sallyport/audit';

/** Where a record is kept before anything follows from it. */
export interface EvidenceStore {
  /** Written when it returns (no crash of this process loses it). Throws when it cannot be kept. */
  append(id: string, content: string): void;
  /** Committed by the control plane when it resolves. */
  commit(id: string, content: string): Promise<void>;
}

/** Evidence of every session of this proxy. */
export interface Evidence {
  /** `false`: it is not kept, so nothing may follow from it. */
  keep(event: AuditEvent): boolean;
  /** What happened already and could not be kept: it is, as soon as that is possible again, whatever becomes of its session. */
  keepLater(event: AuditEvent): void;
  /** The durable grade, in addition to the spool: two copies of one record are one record. */
  commit(event: AuditEvent): Promise<boolean>;
  /** The last record could be kept. */
  readonly available: boolean;
  /** Records that could never be kept: too many waited. The gap in their sessions' numbers says so too. */
  readonly lost: number;
  /** The last attempt at what waits. */
  close(): void;
}

export interface EvidenceInput {
  readonly store: EvidenceStore;
  /** Told once per outage, not once per statement. */
  readonly report: (problem: unknown) => void;
  /** What may wait in memory, bytes. */
  readonly mostWaiting?: number;
  /** Between two attempts, milliseconds. */
  readonly retry?: number;
}

export const createEvidence = ({ store, report, mostWaiting = 32 << 20, retry = 250 }: EvidenceInput): Evidence => {
  const waiting: { readonly id: string; readonly content: string }[] = [];
  let bytes = 0;
  let lost = 0;
  let available = true;
  let committing = true;
  let timer: NodeJS.Timeout | undefined;

  const append = (id: string, content: string): boolean => {
    try {
      store.append(id, content);
      available = true;
    } catch (problem) {
      if (available) report(problem);
      available = false;
    }
    return available;
  };

  /** In order: no later record is kept before an earlier one. */
  const catchUp = (): boolean => {
    let done = 0;
    for (const { id, content } of waiting) {
      if (!append(id, content)) break;
      done += 1;
      bytes -= content.length;
    }
    waiting.splice(0, done);
    return waiting.length === 0;
  };

  const tryAgain = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (!catchUp()) tryAgain();
    }, retry).unref();
  };

  return {
    keep: (event) => catchUp() && append(event.id, spellEvent(event)),
    keepLater(event) {
      const content = spellEvent(event);
      if (bytes + content.length > mostWaiting) {
        lost += 1;
        return;
      }
      bytes += content.length;
      waiting.push({ id: event.id, content });
      tryAgain();
    },
    async commit(event) {
      try {
        await store.commit(event.id, spellEvent(event));
        committing = true;
      } catch (problem) {
        if (committing) report(problem);
        committing = false;
      }
      return committing;
    },
    get available() {
      return available;
    },
    get lost() {
      return lost;
    },
    close() {
      clearTimeout(timer);
      catchUp();
    },
  };
};
