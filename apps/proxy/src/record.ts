import { createEventStream, createSpeller } from '@sallyport/audit';
import type { AuditEvent, EventContent, StatementIntent, StatementRefused } from '@sallyport/audit';
import type { Clock } from '@sallyport/kernel';
import type { Evidence, KeptRecord } from './evidence.js';

type Content<Event> = Omit<Event, 'id' | 'session' | 'sequence' | 'at' | 'proxy'>;

/** Evidence of one session, numbered without a gap. */
export interface Recorder {
  /** What must be kept before bytes move. `undefined`: it is not, and is told later as a command that was refused. */
  intent(content: Content<StatementIntent>): KeptRecord | undefined;
  /** `false`: not yet kept; it is kept as soon as that is possible again. */
  record(content: EventContent): boolean;
  /** How something ended that was recorded before: kept a moment later, with what comes next. */
  follow(content: EventContent): void;
  commit(record: KeptRecord): Promise<boolean>;
}

export const createRecorder = (input: {
  readonly session: string;
  readonly proxy: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly evidence: Evidence;
}): Recorder => {
  const { evidence } = input;
  const stream = createEventStream(input);
  const spell = createSpeller();
  const kept = (event: AuditEvent): KeptRecord => ({ id: event.id, content: spell(event) });

  return {
    intent(content) {
      const event = stream.next(content);
      const record = kept(event);
      if (evidence.keep(record)) return record;
      evidence.keepLater(kept(unsent(event, content)));
      return undefined;
    },
    record(content) {
      const record = kept(stream.next(content));
      const done = evidence.keep(record);
      if (!done) evidence.keepLater(record);
      return done;
    },
    follow: (content) => evidence.keepSoon(kept(stream.next(content))),
    commit: (record) => evidence.commit(record),
  };
};

const unsent = (
  { id, session, sequence, at, proxy }: AuditEvent,
  intent: Content<StatementIntent>,
): StatementRefused => {
  const { verdict: _verdict, type: _type, ...statement } = intent;
  return {
    ...statement,
    type: 'statement.refused',
    code: 'audit_unavailable',
    reason: 'its evidence could not be kept',
    id,
    session,
    sequence,
    at,
    proxy,
  };
};
