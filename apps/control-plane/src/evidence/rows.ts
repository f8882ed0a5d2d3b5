import { decodeEvent } from '@sallyport/audit';
import type { AuditEvent } from '@sallyport/audit';
import type { AuditRecord } from '@sallyport/contracts';

/** One record as the database takes it. */
export interface Row {
  readonly id: string;
  readonly sessionId: string;
  readonly sequence: number;
  readonly type: string;
  /** ISO. */
  readonly at: string;
  readonly callerName: string | null;
  readonly connectionName: string | null;
  readonly verdict: string | null;
  readonly commandId: string | null;
  readonly tables: readonly string[];
  readonly content: AuditEvent;
}

export type RowRead =
  | { readonly kind: 'row'; readonly row: Row }
  | { readonly kind: 'refused'; readonly id: string; readonly reason: string };

const longestId = 200;
const largestSequence = 2_147_483_647;
/** The year 9999. */
const latest = 253_402_300_799_999;
/** What an index takes is shorter than what an event may hold. */
const indexed = (text: string): string => text.slice(0, 200).toWellFormed();

/** Reads a record strictly; what the database could not keep is refused here, alone, and holds nothing else up. */
export function readRow({ id, content }: AuditRecord, proxy: string): RowRead {
  const refused = (reason: string): RowRead => ({ kind: 'refused', id: id.slice(0, longestId), reason });
  if (id === '' || id.length > longestId) return refused('id: too long');
  const read = decodeEvent(content);
  if (read.kind === 'refused') return refused(read.reason);
  const event = withoutNul(read.event) as AuditEvent;
  if (read.event.id !== id) return refused('id: not that of the event');
  if (event.proxy !== proxy) return refused('proxy: not the one that sent it');
  if (event.sequence > largestSequence) return refused('sequence: too large');
  if (event.at > latest) return refused('at: too large');
  if (id.includes('\0') || event.session.length > longestId) return refused('session: not valid');
  const statement = event.type === 'statement.intent' || event.type === 'statement.refused' ? event : undefined;
  const command =
    statement?.command ?? (event.type === 'statement.outcome' || event.type === 'alarm' ? event.command : undefined);
  const caller = statement?.caller.name ?? (event.type === 'session.opened' ? event.caller.name : undefined);
  const connection = 'connection' in event ? event.connection : undefined;
  return {
    kind: 'row',
    row: {
      id,
      sessionId: event.session,
      sequence: event.sequence,
      type: event.type,
      at: new Date(event.at).toISOString(),
      callerName: caller === undefined ? null : indexed(caller),
      connectionName: connection === undefined ? null : indexed(connection),
      verdict: verdictOf(event),
      commandId: command === undefined ? null : indexed(command),
      tables: (statement?.tables ?? []).map(indexed),
      content: event,
    },
  };
}

function verdictOf(event: AuditEvent): string | null {
  if (event.type === 'statement.intent') return event.verdict;
  return event.type === 'statement.refused' || event.type === 'login.refused' ? 'refused' : null;
}

/** PostgreSQL's JSON has no NUL; it is shown as what it is, a character that nobody can read. */
function withoutNul(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\ufffd');
  if (Array.isArray(value)) return value.map(withoutNul);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withoutNul(member)]));
}
