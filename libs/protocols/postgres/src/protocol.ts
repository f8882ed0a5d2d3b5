import type { Protocol } from '@sallyport/kernel';
import { defaultLimits } from '@sallyport/protocol-core';
import { PostgresSession } from './session/session.js';

const everything = ['statement', 'mask', 'filter', 'hold', 'budget', 'evidence', 'kill'] as const;
const shown = [...everything, 'preview'] as const;
const inSlices = 'what is read in slices runs between them: held without, and approvers are told';
const ofData = 'data under way cannot be taken back: held without, and approvers are told';

export const postgres: Protocol = {
  name: 'postgres',
  modes: [
    { name: 'simple', enforces: shown, gaps: {} },
    { name: 'extended', enforces: shown, gaps: {} },
    { name: 'cursor', enforces: everything, gaps: { preview: inSlices } },
    {
      name: 'copy_in',
      enforces: ['statement', 'filter', 'hold', 'budget', 'evidence', 'kill'],
      gaps: { mask: 'nothing comes back', preview: ofData },
    },
    { name: 'copy_out', enforces: everything, gaps: { preview: ofData } },
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
