/** An event as it is kept: canonical JSON under its id. */
export interface KeptRecord {
  readonly id: string;
  readonly content: string;
}

/** Where a record is kept before anything follows from it. */
export interface EvidenceStore {
  /** Written, all of them, when it returns (no crash of this process loses them). Throws when they cannot be kept. */
  append(records: readonly KeptRecord[]): void;
  /** Committed by the control plane when it resolves. */
  commit(record: KeptRecord): Promise<void>;
}

/** Evidence of every session of this proxy. */
export interface Evidence {
  /** `false`: it is not kept, so nothing may follow from it. */
  keep(record: KeptRecord): boolean;
  /** What follows from what was kept: it is, with the next record that must be, or at the end of this turn of the loop. */
  keepSoon(record: KeptRecord): void;
  /** What happened already and could not be kept: it is, as soon as that is possible again, whatever becomes of its session. */
  keepLater(record: KeptRecord): void;
  /** The durable grade, in addition to the spool: two copies of one record are one record. */
  commit(record: KeptRecord): Promise<boolean>;
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
  let waiting: KeptRecord[] = [];
  let bytes = 0;
  let lost = 0;
  let available = true;
  let committing = true;
  let timer: NodeJS.Timeout | undefined;
  let turn: NodeJS.Immediate | undefined;

  const append = (records: readonly KeptRecord[]): boolean => {
    try {
      store.append(records);
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
    while (done < waiting.length) {
      // Where there is no room for many there may be some for one.
      const next = [waiting.slice(done, done + together), waiting.slice(done, done + 1)].find(append);
      if (next === undefined) break;
      done += next.length;
    }
    for (const { content } of waiting.slice(0, done)) bytes -= content.length;
    waiting = waiting.slice(done);
    return waiting.length === 0;
  };

  const tryAgain = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (!catchUp()) tryAgain();
    }, retry).unref();
  };

  const wait = (record: KeptRecord): void => {
    if (bytes + record.content.length > mostWaiting) {
      lost += 1;
      return;
    }
    bytes += record.content.length;
    waiting.push(record);
  };

  return {
    keep(record) {
      if (waiting.length === 0) return append([record]);
      // The usual case: what a statement before came to, and this one. One write for both.
      if (waiting.length > together || !append([...waiting, record])) return catchUp() && append([record]);
      waiting = [];
      bytes = 0;
      return true;
    },
    keepSoon(record) {
      wait(record);
      turn ??= setImmediate(() => {
        turn = undefined;
        if (!catchUp()) tryAgain();
      });
    },
    keepLater(record) {
      wait(record);
      tryAgain();
    },
    async commit(record) {
      try {
        await store.commit(record);
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
      clearImmediate(turn);
      catchUp();
    },
  };
};

/** Records in one write. */
const together = 64;
