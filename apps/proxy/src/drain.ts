import { refuse } from '@sallyport/kernel';
import type { Logger } from '@sallyport/runtime';
import type { ClientListener } from './listen.js';
import type { Sessions } from './sessions.js';

export interface DrainInput {
  readonly listeners: readonly ClientListener[];
  readonly sessions: Sessions;
  /** How long sessions may go on, milliseconds. */
  readonly patience: number;
  readonly log: Pick<Logger, 'info'>;
}

const ending = refuse('session_ended', 'the gateway is shutting down', { hint: 'Connect again.' });
/** For the last words to be read. */
export const farewell = 2_000;
const interval = 25;

/** Takes no new sessions, lets the open ones end, and says goodbye to those that do not. */
export const drainSessions = async ({ listeners, sessions, patience, log }: DrainInput): Promise<void> => {
  for (const listener of listeners) listener.close(ending);
  if (sessions.size > 0) log.info({ sessions: sessions.size, patience }, 'sessions may go on for a while');
  await orAfter(patience, () => sessions.size === 0);
  if (sessions.size > 0) log.info({ sessions: sessions.size }, 'ending the sessions that are left');
  sessions.endAll(ending);
  await orAfter(farewell, () => listeners.every(({ connections }) => connections === 0));
};

const orAfter = async (milliseconds: number, holds: () => boolean): Promise<void> => {
  const end = performance.now() + milliseconds;
  while (!holds() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, interval));
};
