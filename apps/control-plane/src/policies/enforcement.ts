import type { ProtocolModes } from '@sallyport/policy';

/**
 * What each protocol declares that it can enforce. The control plane may not import protocols, so it keeps the table as
 * data; a test outside holds it equal to what the protocols say.
 */
export const enforcement: readonly ProtocolModes[] = [
  {
    protocol: 'postgres',
    modes: [
      {
        name: 'sql',
        enforces: ['statement', 'mask', 'filter', 'hold', 'budget', 'evidence', 'kill'],
        gaps: {},
      },
    ],
  },
];

export const protocolNames = enforcement.map((entry) => entry.protocol);
