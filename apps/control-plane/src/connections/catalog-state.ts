import { z } from 'zod';
import { moment } from '../http/answers.js';

export const catalogStates = ['current', 'moved', 'unreadable', 'stale', 'absent'] as const;
type State = (typeof catalogStates)[number];

export const catalogView = z
  .object({
    database: z.string(),
    state: z
      .enum(catalogStates)
      .describe(
        '`current`; `moved`: a definition passed a gateway and is not read yet; `unreadable`: the last look failed and what was read before still holds; `stale`: not confirmed for too long, no proxy has it; `absent`: never read, or not believed. While it is stale or absent, what needs it is masked or refused.',
      ),
    advice: z.string().nullable().describe('What to do; null: nothing.'),
    version: z.int().describe('Counts what was read: another content, another version.'),
    digest: z.string().nullable().describe('SHA-256 of the content, as proxies name it; null: there is none.'),
    readBy: z.string().describe('Name of the agent.'),
    readAt: moment.nullable().describe('When it was found to be as it is known; null: it never was read.'),
    problem: z.string().nullable().describe('Why the last look at the target failed; null: it did not.'),
  })
  .meta({ id: 'CatalogState' });

export const stateColumns = {
  ...{ database: true, digest: true, readBy: true, readAt: true, problem: true },
  ...{ version: true, stale: true, movedAt: true },
} as const;

export interface CatalogRow {
  readonly database: string;
  readonly digest: string;
  readonly readBy: string;
  readonly readAt: Date;
  readonly problem: string | null;
  readonly version: number;
  readonly stale: boolean;
  readonly movedAt: Date | null;
}

export function presentCatalog(row: CatalogRow): z.input<typeof catalogView> {
  const { database, digest, readBy, readAt, problem, version } = row;
  const state = stateOf(row);
  return {
    ...{ database, state, readBy, problem, version },
    advice: problem === null ? adviceWithout[state] : adviceWith[state],
    digest: digest === '' ? null : digest,
    readAt: digest === '' ? null : readAt,
  };
}

function stateOf({ digest, stale, movedAt, problem }: CatalogRow): State {
  if (digest === '') return 'absent';
  if (stale) return 'stale';
  if (problem !== null) return 'unreadable';
  return movedAt === null ? 'current' : 'moved';
}

const target =
  'is the target up, is its address right, may the role of the credential connect? The agent’s log says more';

const adviceWith: Readonly<Record<State, string | null>> = {
  current: null,
  moved: null,
  unreadable: `mend it before the catalog is stale (SALLYPORT_CATALOG_STALENESS): ${target}`,
  stale: `what needs the catalog is masked or refused until it is read again: ${target}`,
  absent: `what needs the catalog is masked or refused until it is read: ${target}`,
};

const adviceWithout: Readonly<Record<State, string | null>> = {
  current: null,
  moved: null,
  unreadable: null,
  stale:
    'what needs the catalog is masked or refused until an agent confirms it: is one connected, and is its SALLYPORT_CATALOG_INTERVAL shorter than SALLYPORT_CATALOG_STALENESS here?',
  absent: 'what needs the catalog is masked or refused until an agent has read it: is one connected?',
};
