import type { Protocol } from '@sallyport/kernel';
import { defaultLimits } from '@sallyport/protocol-core';
import { PostgresSession } from './session/session.js';

const everything = ['statement', 'mask', 'filter', 'hold', 'budget', 'evidence', 'kill'] as const;

export const postgres: Protocol = {
  name: 'postgres',
  modes: [
    { name: 'simple', enforces: everything, gaps: {} },
    { name: 'extended', enforces: everything, gaps: {} },
    { name: 'cursor', enforces: everything, gaps: {} },
    {
      name: 'copy_in',
      enforces: ['statement', 'filter', 'hold', 'evidence', 'kill'],
      gaps: {
        mask: 'nothing comes back',
        budget: 'rows are counted when the target has taken them, not while they are sent',
      },
    },
    { name: 'copy_out', enforces: everything, gaps: {} },
    {
      name: 'notifications',
      enforces: ['statement', 'mask', 'evidence', 'kill'],
      gaps: {
        hold: 'a payload comes unasked: nothing waits for it',
        filter: 'a payload has no columns',
        budget: 'payloads are not rows',
      },
    },
  ],
  open: (context) => new PostgresSession(context),
};

export { defaultLimits };
