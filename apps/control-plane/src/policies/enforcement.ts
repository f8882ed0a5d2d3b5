import type { Control } from '@sallyport/kernel';
import type { ProtocolModes } from '@sallyport/policy';

const everything = ['statement', 'mask', 'filter', 'hold', 'budget', 'evidence', 'kill'] as const;
const shown = [...everything, 'preview'] as const;
const inSlices = 'what is read in slices runs between them: held without, and approvers are told';
const ofData = 'data under way cannot be taken back: held without, and approvers are told';

/**
 * What each protocol declares that it can enforce. The control plane may not import protocols, so it keeps the table as
 * data; a test outside holds it equal to what the protocols say.
 */
export const enforcement: readonly ProtocolModes[] = [
  {
    protocol: 'postgres',
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
  },
];

export const protocolNames = enforcement.map((entry) => entry.protocol);

/** Gaps that no policy falls into unawares: nothing is asked in that mode, nothing comes back, or its approvers are told. */
export interface Reach {
  readonly protocol: string;
  readonly mode: string;
  readonly controls: readonly Control[];
}

export const reaches: readonly Reach[] = [
  { protocol: 'postgres', mode: 'notifications', controls: ['hold', 'preview', 'filter', 'budget'] },
  { protocol: 'postgres', mode: 'cursor', controls: ['preview'] },
  { protocol: 'postgres', mode: 'copy_in', controls: ['mask', 'preview'] },
  { protocol: 'postgres', mode: 'copy_out', controls: ['preview'] },
];
