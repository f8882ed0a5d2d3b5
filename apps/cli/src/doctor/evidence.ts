import { setTimeout as delay } from 'node:timers/promises';
import type { RestClient } from '../client.js';
import { loginCauses } from '../errors/causes.js';
import type { Check } from './check.js';
import { apart, broken, notChecked, ok } from './check.js';

/** What the proxy recorded of our own login. */
export interface LoginRecord {
  readonly type: string;
  /** By the proxy's clock. */
  readonly at: string;
  readonly proxy?: string;
  readonly cause?: string;
}

interface AuditEvent extends LoginRecord {
  readonly clientAddress?: string;
  readonly application?: string;
  readonly claimed?: { readonly issuer: string; readonly subject: string };
  readonly receivedAt: string;
}

interface Wanted {
  readonly connection: string;
  /** Was the session opened, or the login refused? */
  readonly opened: boolean;
  readonly application: string;
  readonly subject: string;
  /** Of our socket; behind a load balancer the proxy sees another one. */
  readonly address: string;
  /** When we began, by the control plane's clock. */
  readonly since: number;
}

const patience = 8_000;
/** So long we look for our very socket; then for a login like ours. */
const exactly = 3_000;
const pause = 250;
const newest = '50';
/** The control plane tells its time to the second. */
const grain = 1_000;

/** Waits until the record of our own login has come; an ordinary proxy ships within a second. */
export async function findLogin(client: RestClient, wanted: Wanted): Promise<LoginRecord | undefined> {
  const { connection, opened, application, subject, address, since } = wanted;
  const query = { connection, type: opened ? 'session.opened' : 'login.refused', limit: newest };
  const isLike = (event: AuditEvent): boolean =>
    opened ? event.application === application : (event.claimed?.subject ?? subject) === subject;
  for (let waited = 0; ; waited += pause) {
    const { items } = (await client.get('/v1/audit', query)) as { readonly items: readonly AuditEvent[] };
    const fresh = items.filter(({ receivedAt }) => Date.parse(receivedAt) >= since - grain);
    const found =
      fresh.find(({ clientAddress }) => clientAddress === address) ??
      (waited >= exactly ? fresh.find(isLike) : undefined);
    if (found !== undefined || waited >= patience) return found;
    await delay(pause);
  }
}

const mostApart = 30_000;

/** `window`: when we logged in, by the control plane's clock. */
export function checkRecord(
  record: LoginRecord | undefined,
  window: { readonly from: number; readonly to: number },
): readonly Check[] {
  if (record === undefined)
    return [
      broken(
        'evidence',
        'no record of this login has come to the control plane',
        'is the proxy behind --gate one of this control plane, and connected? `sallyport_spool_bytes` of the proxy says whether it ships',
        'audit_unavailable',
      ),
      notChecked('proxy clock', 'no record shows its time'),
    ];
  const at = Date.parse(record.at);
  const ahead = at > window.to ? at - window.to : at < window.from ? at - window.from : 0;
  const who = record.proxy === undefined ? 'the proxy' : `the proxy ${record.proxy}`;
  const says = `the clock of ${who} ${apart(ahead)} the control plane’s`;
  return [
    ok('evidence', `${who} recorded this login, and it has arrived`),
    Math.abs(ahead) <= mostApart
      ? ok('proxy clock', says)
      : broken('proxy clock', says, 'set it by NTP: tokens, tickets and certificates go by the time'),
  ];
}

/** The login was refused, and this caller may read why. */
export function causeOfRefusal({ cause = 'unknown' }: LoginRecord): Pick<Check, 'says' | 'next'> {
  const known = Object.hasOwn(loginCauses, cause) ? loginCauses[cause as keyof typeof loginCauses] : undefined;
  if (known !== undefined) return { says: `${cause}: ${known.why}`, next: known.next };
  return { says: cause, next: 'a policy must permit `connect` on this connection to the caller or its groups' };
}
