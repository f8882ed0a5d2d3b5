import type { AnswerColumn, AnswerMask, Catalog, Refusal } from '@sallyport/kernel';
import { createDecider } from '@sallyport/policy';
import type { ColumnTag, CompiledPolicy, ConnectionChunk } from '@sallyport/policy';
import type { Facts } from '@sallyport/sql';
import { createMasks } from '../../src/mask.js';
import { createPlace } from '../../src/place.js';
import { createStatements } from '../../src/statements.js';
import type { Analyses } from '../../src/statements.js';

/** Somebody who reads through the gateway: what the proxy decides and masks, without its wires. */
export interface Reader {
  /** Facts and mask where the statement may run, the reason where it may not. */
  ask(text: string): Admitted | { readonly kind: 'refused'; readonly reason: string };
}

export interface Admitted {
  readonly kind: 'allowed';
  readonly facts: Facts;
  /** What one answer looks like to this reader. `copy`: as COPY (query) TO STDOUT, of which the target tells no more than rows. */
  show(columns: readonly AnswerColumn[], rows: readonly (readonly (Uint8Array | null)[])[], copy: boolean): Shown;
  /** What this reader hears of an error. */
  hear(code: string, fields: ReadonlyMap<string, string>): ReadonlyMap<string, string>;
}

export type Shown =
  | { readonly kind: 'rows'; readonly rows: readonly (readonly (Uint8Array | null)[])[] }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface ReaderInput {
  readonly analyses: Analyses;
  readonly catalog: Catalog;
  readonly tags: readonly ColumnTag[];
  readonly classes: ConnectionChunk['classes'];
  readonly policies: readonly CompiledPolicy[];
  readonly searchPath?: readonly string[];
}

const now = Date.parse('2026-11-24T12:00:00Z');

export function createReader({ analyses, catalog, tags, classes, policies, searchPath }: ReaderInput): Reader {
  const source: ConnectionChunk = {
    id: 'con_1',
    name: 'oracle',
    protocol: 'postgres',
    environment: 'test',
    database: catalog.database,
    databases: [catalog.database],
    agents: [],
    audit: 'spool',
    hold: 0,
    detectors: false,
    tags,
    classes,
    hashKey: Buffer.alloc(32, 7).toString('base64'),
    policies,
    policyVersion: 1,
  };
  const place = createPlace(source, catalog);
  const statements = createStatements(analyses);
  const chain = [{ kind: 'subagent', id: 'sub_reader', name: 'reader', groups: [], owner: undefined }] as const;
  const decider = createDecider({ connection: place.connection, chain });
  const masks = createMasks({ place, decider, columnsOf: statements.columnsOf });
  const context = { now, database: catalog.database };
  return {
    ask(text) {
      const read = statements.read(text, place, searchPath ?? catalog.searchPath);
      if (read.kind === 'refused') return { kind: 'refused', reason: read.refusal.message };
      const { facts } = read.statement;
      const decision = decider.decide(facts, context);
      if (decision.kind !== 'allow') return { kind: 'refused', reason: decision.kind };
      const mask = masks.of(facts, text, context);
      if (mask === undefined) throw new Error('this reader may see everything');
      return {
        kind: 'allowed',
        facts,
        show: (columns, rows, copy) => show(mask, columns, rows, copy),
        hear: hearing(mask),
      };
    },
  };
}

function show(
  mask: AnswerMask,
  columns: readonly AnswerColumn[],
  rows: Parameters<Admitted['show']>[1],
  copy: boolean,
): Shown {
  const bare = columns.map(({ format }): AnswerColumn => ({ name: '', origin: undefined, type: 0, format }));
  const choice = mask.choose({ result: 0, columns: copy ? bare : columns, copy });
  switch (choice.kind) {
    case 'refuse':
      return { kind: 'refused', refusal: choice.refusal };
    case 'clear':
      return { kind: 'rows', rows };
    case 'mask': {
      const { cells } = choice.plan;
      const masked = rows.map((row) =>
        row.map((value, at) => {
          const cell = cells[at];
          return value === null || cell === undefined ? value : cell(value);
        }),
      );
      return { kind: 'rows', rows: masked };
    }
  }
}

const hearing =
  (mask: AnswerMask): Admitted['hear'] =>
  (code, fields) =>
    mask.scrub({ kind: 'error', code, fields });
