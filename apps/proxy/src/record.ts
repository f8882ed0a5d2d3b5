import { createEventStream } from '@sallyport/audit';
import type { AuditEvent, EventContent, StatementIntent, StatementRefused } from '@sallyport/audit';
import type { Clock } from '@sallyport/kernel';
import type { Evidence } from './evidence.js';

type Content<Event> = Omit<Event, 'id' | 'session' | 'sequence' | 'at' | 'proxy'>;

/** Evidence of one session, numbered without a gap. */
export interface Recorder {
  /** What must be kept before bytes move. `undefined`: it is not, and is told later as a command that was refused. */
  intent(content: Content<StatementIntent>): AuditEvent | undefined;
  /** `false`: not yet kept; it is kept as soon as that is possible again. */
  record(content: EventContent): boolean;
  /** How something ended that was recorded before: kept a moment later, with what comes next. */
  follow(content: EventContent): void;
  commit(event: AuditEvent): Promise<boolean>;
}

export const createRecorder = (input: {
  readonly session: string;
  readonly proxy: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly evidence: Evidence;
}): Recorder => {
  const { evidence } = input;
  const stream = createEventStream(input);

  return {
    intent(content) {
      const event = stream.next(content);
      if (evidence.keep(event)) return event;
      evidence.keepLater(unsent(event, content));
      return undefined;
    },
    record(content) {
      const event = stream.next(content);
      const kept = evidence.keep(event);
      if (!kept) evidence.keepLater(event);
      return kept;
    },
    follow: (content) => evidence.keepSoon(stream.next(content)),
    commit: (event) => evidence.commit(event),
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
