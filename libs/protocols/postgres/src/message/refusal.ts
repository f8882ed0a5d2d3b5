import type { Notice, Refusal, RefusalCode } from '@sallyport/kernel';
import { backend } from './type.js';
import { report } from './write.js';

/**
 * Refusals in PostgreSQL's words, the only place. The server's own codes where it has one for the same thing; class `SP`
 * (never used by a server) where a caller must be able to tell what only a gateway says.
 */
export const sqlstate: Readonly<Record<RefusalCode, string>> = {
  unauthenticated: '28P01', // invalid_password
  denied: '42501', // insufficient_privilege
  approval_pending: 'SP001', // recoverable: the same command may be sent again, or run by id
  approval_denied: '42501',
  approval_expired: 'SP002',
  approval_withdrawn: 'SP003',
  policy_stale: 'SP004',
  policy_unavailable: 'SP005',
  audit_unavailable: 'SP006',
  unreadable: '42601', // syntax_error
  unknown: '0A000', // feature_not_supported
  unmaskable: 'SP007',
  answer_mismatch: 'SP007',
  unsupported: '0A000',
  protocol_violation: '08P01',
  limit_exceeded: '54000', // program_limit_exceeded
  state_drift: 'SP008',
  no_agent: '08001', // sqlclient_unable_to_establish_sqlconnection
  target_unavailable: '08006', // connection_failure
  session_ended: '57P01', // admin_shutdown
  internal: 'XX000',
};

export type Severity = 'ERROR' | 'FATAL';

/** What a client is told; `state` overrides the table for the protocol's own errors (26000, 34000 ...). */
export interface Complaint {
  readonly refusal: Refusal;
  readonly state?: string;
}

export const stateOf = ({ refusal, state }: Complaint): string => state ?? sqlstate[refusal.code];

/** DETAIL is JSON for programs, HINT is for people. */
export const errorResponse = (severity: Severity, complaint: Complaint): Uint8Array => {
  const { refusal } = complaint;
  return report(
    backend.error,
    fieldsOf(severity, stateOf(complaint), refusal.message, {
      detail: { code: refusal.code, ...refusal.facts },
      hint: refusal.hint,
      position: refusal.position,
    }),
  );
};

/** SQLSTATE of a notice is success with information. */
export const noticeResponse = (notice: Notice): Uint8Array =>
  report(
    backend.notice,
    fieldsOf('NOTICE', '01000', notice.message, { detail: { code: notice.code, ...notice.facts }, hint: notice.hint }),
  );

const fieldsOf = (
  severity: string,
  state: string,
  message: string,
  more: {
    readonly detail: Readonly<Record<string, string | number>>;
    readonly hint: string | undefined;
    readonly position?: number | undefined;
  },
): ReadonlyMap<string, string> =>
  new Map([
    ['S', severity],
    ['V', severity],
    ['C', state],
    ['M', message],
    ['D', JSON.stringify(more.detail)],
    ...(more.hint === undefined ? [] : ([['H', more.hint]] as const)),
    ...(more.position === undefined ? [] : ([['P', String(more.position)]] as const)),
  ]);
