import { exitCodes } from '@sallyport/runtime';
import type { Shutdown } from '@sallyport/runtime';
import type { RunningProxy } from './compose.js';
import { createRelay } from './relay.js';
import { createSender, readToWorker } from './worker-messages.js';
import type { FromWorker } from './worker-messages.js';

export interface FollowInput {
  readonly shutdown: Shutdown;
  /** How many there are. */
  readonly workers: number;
}

/** A worker's side of what its primary does for it. */
export interface Primary {
  readonly cancelElsewhere: (key: Uint8Array, from: string) => void;
  started(proxy: RunningProxy): void;
}

/** Keys that all workers together show to each other in a second: each costs every worker one message. */
const mostKeys = 2_000;

/**
 * Does what the primary says. Signals reach a worker too, where a terminal or a supervisor tells every process: they mean the
 * same, and never a second time. When the primary is gone, Node ends its workers.
 */
export const followPrimary = ({ shutdown, workers }: FollowInput): Primary => {
  const say = createSender<FromWorker>((message, sent) => void process.send?.(message, undefined, undefined, sent));
  const stop = (reason: string): void => void shutdown.run(reason).then(() => process.exit(exitCodes.ok));
  let proxy: RunningProxy | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
  process.on('message', (heard) => {
    const message = readToWorker(heard);
    switch (message?.kind) {
      case 'stop':
        return stop(message.reason);
      case 'end':
        return process.exit(exitCodes.forced);
      case 'reload':
        return proxy?.reload();
      case 'cancel':
        return void proxy?.gate.sessions.cancel(Buffer.from(message.key, 'hex'));
      case undefined:
        return;
    }
  });
  const overall = Math.floor(mostKeys / workers);
  const show = createRelay({
    send: (key) => say({ kind: 'cancel', key: Buffer.from(key).toString('hex') }),
    overall,
    perNetwork: Math.ceil(overall / 4),
    now: () => performance.now(),
  });
  return {
    // `1.2.3.4:5678`, `::1:5678` or `local`.
    cancelElsewhere: (key, from) => show(key, from.replace(/:\d+$/, '')),
    started(running) {
      proxy = running;
      say({ kind: 'started' });
    },
  };
};
