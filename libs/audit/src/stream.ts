import type { Clock } from '@sallyport/kernel';
import type { AuditEvent } from './event.js';
import { fit } from './limits.js';

type Without<Event, Keys extends PropertyKey> = Event extends unknown ? Omit<Event, Keys> : never;

/** An event before it has its place in the session. */
export type EventContent = Without<AuditEvent, 'id' | 'session' | 'sequence' | 'at' | 'proxy'>;

/**
 * Every event gets the next number at once: what is made must be kept, or the gap shows. Texts are cut to what an event may
 * hold, so that everything that is made can be encoded, and decoded by the other side.
 */
export interface EventStream {
  next(content: EventContent): AuditEvent;
  /** The number that the next event will have. */
  readonly sequence: number;
}

/** A refused login is a session of one event: the caller gives it a session id of its own. */
export const createEventStream = ({
  session,
  proxy,
  clock,
}: {
  readonly session: string;
  readonly proxy: string;
  readonly clock: Pick<Clock, 'now'>;
}): EventStream => {
  let sequence = 0;
  return {
    get sequence() {
      return sequence;
    },
    next(content) {
      const place = {
        id: `${session}:${sequence}`,
        session,
        sequence,
        at: Math.max(0, Math.trunc(clock.now())),
        proxy,
      };
      sequence += 1;
      return { ...fit(content), ...place };
    },
  };
};
