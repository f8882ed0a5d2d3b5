import type { Control } from '@sallyport/kernel';
import type { ProtocolModes } from '@sallyport/policy';

const everything = ['statement', 'mask', 'filter', 'hold', 'budget', 'evidence', 'kill'] as const;
const preview = 'a write is not yet run in a transaction of its own to be shown before its verdict';

/**
 * What each protocol declares that it can enforce. The control plane may not import protocols, so it keeps the table as
 * data; a test outside holds it equal to what the protocols say.
 */
export const enforcement: readonly ProtocolModes[] = [
  {
    protocol: 'postgres',
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
  },
];

export const protocolNames = enforcement.map((entry) => entry.protocol);

/** Gaps that no policy can fall into: nothing is asked in that mode, or nothing comes back. */
export interface Reach {
  readonly protocol: string;
  readonly mode: string;
  readonly controls: readonly Control[];
}

export const reaches: readonly Reach[] = [
  { protocol: 'postgres', mode: 'notifications', controls: ['hold', 'preview', 'filter', 'budget'] },
  { protocol: 'postgres', mode: 'copy_in', controls: ['mask'] },
];
