import type { Protocol } from '@sallyport/kernel';
import { defaultLimits } from '@sallyport/protocol-core';
import { PostgresSession } from './session/session.js';

const preview = 'a write is not yet run in a transaction of its own to be shown before its verdict';
const everything = ['statement', 'mask', 'filter', 'hold', 'budget', 'evidence', 'kill'] as const;

export const postgres: Protocol = {
  name: 'postgres',
  modes: [
    { name: 'simple', enforces: everything, gaps: { preview } },
    { name: 'extended', enforces: everything, gaps: { preview } },
    { name: 'cursor', enforces: everything, gaps: { preview } },
    {
      name: 'copy_in',
      enforces: ['statement', 'filter', 'hold', 'budget', 'evidence', 'kill'],
      gaps: { mask: 'nothing comes back', preview },
    },
    { name: 'copy_out', enforces: everything, gaps: { preview } },
    {
      name: 'notifications',
      enforces: ['statement', 'mask', 'evidence', 'kill'],
      gaps: {
        hold: 'a payload comes unasked: nothing waits for it',
        preview: 'nothing is written',
        filter: 'a payload has no columns',
        budget: 'payloads are not rows',
      },
    },
  ],
  open: (context) => new PostgresSession(context),
};

export { defaultLimits };
