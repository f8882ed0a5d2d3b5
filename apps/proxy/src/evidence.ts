import { encodeEvent } from '@sallyport/audit';
import type { AuditEvent } from '@sallyport/audit';

/** Where a record is kept before anything follows from it. */
export interface EvidenceStore {
  /** Written when it returns (no crash of this process loses it). Throws when it cannot be kept. */
  append(id: string, content: Uint8Array): void;
  /** Committed by the control plane when it resolves. */
  commit(id: string, content: Uint8Array): Promise<void>;
}

/** Evidence of every session of this proxy. */
export interface Evidence {
  /** `false`: it is not kept, so nothing may follow from it. */
  keep(event: AuditEvent): boolean;
  /** The durable grade, in addition to the spool: two copies of one record are one record. */
  commit(event: AuditEvent): Promise<boolean>;
  /** The last record could be kept. */
  readonly available: boolean;
}

export const createEvidence = (store: EvidenceStore, report: (problem: unknown) => void): Evidence => {
  let available = true;
  return {
    keep(event) {
      try {
        store.append(event.id, encodeEvent(event));
        available = true;
      } catch (problem) {
        // Said once per outage, not once per statement.
        if (available) report(problem);
        available = false;
      }
      return available;
    },
    async commit(event) {
      try {
        await store.commit(event.id, encodeEvent(event));
        return true;
      } catch (problem) {
        report(problem);
        return false;
      }
    },
    get available() {
      return available;
    },
  };
};
