import type { Control } from '@sallyport/kernel';
import type { ProtocolModes } from '@sallyport/policy';

const everything = ['statement', 'mask', 'filter', 'hold', 'budget', 'evidence', 'kill'] as const;

/**
 * What each protocol declares that it can enforce. The control plane may not import protocols, so it keeps the table as
 * data; a test outside holds it equal to what the protocols say.
 */
export const enforcement: readonly ProtocolModes[] = [
  {
    protocol: 'postgres',
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
  },
];

export const protocolNames = enforcement.map((entry) => entry.protocol);

/** A row that is empty because there is nothing to enforce: nothing is asked in that mode, or nothing comes back. */
export interface Reach {
  readonly protocol: string;
  readonly mode: string;
  readonly controls: readonly Control[];
  /** Only policies that name one of these actions, or name none, get there at all; absent: no policy does. */
  readonly actions?: readonly string[];
}

export const reaches: readonly Reach[] = [
  { protocol: 'postgres', mode: 'notifications', controls: ['hold', 'filter', 'budget'] },
  { protocol: 'postgres', mode: 'copy_in', controls: ['mask'] },
  { protocol: 'postgres', mode: 'copy_in', controls: ['budget'], actions: ['insert', 'write'] },
];
