import type { AnswerColumn } from '@sallyport/kernel';
import type { Admitted, Reader, Shown } from './reader.js';

/** As much of a result as a driver tells. */
export interface RawResult {
  readonly command: string;
  readonly rowCount: number | null;
  readonly fields: readonly {
    readonly name: string;
    readonly tableID: number;
    readonly columnID: number;
    readonly dataTypeID: number;
    readonly format: string;
  }[];
  readonly rows: readonly (readonly unknown[])[];
}

export interface RawError {
  readonly code: string;
  readonly fields: ReadonlyMap<string, string>;
}

export type Run = (text: string) => Promise<RawResult | RawError>;

/** What a client sees of a statement, as lines of text: two copies of a database are compared by it. */
export interface Transcript {
  readonly verdict: 'refused' | 'shown' | 'withheld' | 'failed';
  readonly lines: readonly string[];
  /** The same rows as a COPY would give them. */
  readonly copied: readonly string[];
  /** Where it ran. */
  readonly result: RawResult | undefined;
  readonly admitted: Admitted | undefined;
}

const columnsOf = ({ fields }: RawResult): readonly AnswerColumn[] =>
  fields.map(({ name, tableID, columnID, dataTypeID, format }) => ({
    name,
    origin: tableID === 0 ? undefined : { relation: tableID, attribute: columnID },
    type: dataTypeID,
    format: format === 'binary' ? 'binary' : 'text',
  }));

const bytesOf = (value: unknown): Uint8Array | null => {
  if (value === null) return null;
  return value instanceof Uint8Array ? value : Buffer.from(String(value), 'utf8');
};

/** Asks, runs and masks, as the proxy does. */
export async function transcribe(text: string, reader: Reader, run: Run): Promise<Transcript> {
  const admitted = reader.ask(text);
  if (admitted.kind === 'refused')
    return { verdict: 'refused', lines: [admitted.reason], copied: [], result: undefined, admitted: undefined };
  const outcome = await run(text);
  if ('code' in outcome) {
    const heard = [...admitted.hear(outcome.code, outcome.fields)].map(([field, words]) => `${field} ${words}`);
    return { verdict: 'failed', lines: [outcome.code, ...heard], copied: [], result: undefined, admitted };
  }
  const head = `${outcome.command} ${outcome.rowCount ?? ''}`;
  if (outcome.fields.length === 0) return { verdict: 'shown', lines: [head], copied: [], result: outcome, admitted };
  const columns = columnsOf(outcome);
  const raw = outcome.rows.map((row) => row.map(bytesOf));
  const shown = admitted.show(columns, raw, false);
  const copied = linesOf(admitted.show(columns, raw, true));
  if (shown.kind === 'refused')
    return { verdict: 'withheld', lines: linesOf(shown), copied, result: outcome, admitted };
  const lines = [head, outcome.fields.map(({ name }) => name).join(' | '), ...linesOf(shown)];
  return { verdict: 'shown', lines, copied, result: outcome, admitted };
}

const linesOf = (shown: Shown): readonly string[] =>
  shown.kind === 'refused'
    ? [shown.refusal.message]
    : shown.rows.map((row) =>
        row.map((value) => (value === null ? 'NULL' : Buffer.from(value).toString('utf8'))).join(' | '),
      );
