import type { TLSSocket } from 'node:tls';
import { encodeQuery, encodeStartup, encodeTerminate, createBackendDecoder } from '@sallyport/postgres';
import type { BackendMessage } from '@sallyport/postgres';
import { Failure } from '../failure.js';
import { logIn } from '../gate-login.js';
import { openGate } from '../gate.js';
import type { Gate } from '../gate.js';
import { checkLife } from './certificate.js';
import type { Check } from './check.js';
import { brokenBy, notChecked, ok } from './check.js';

export const application = 'sally doctor';

/** The way to the proxy: TCP, TLS, its certificate. The socket, where it may be given a token. */
export async function reachGate(
  gate: Gate,
  now: number,
): Promise<{ readonly checks: readonly Check[]; readonly socket: TLSSocket | undefined }> {
  const place = `${gate.host}:${gate.port}`;
  try {
    const socket = await openGate(gate);
    const proves = gate.insecure
      ? notChecked('proxy identity', '--insecure: anybody is taken for the gate')
      : ok('proxy identity', `its certificate proves ${gate.host}`);
    const checks = [ok('proxy', `${place} answers, over ${socket.getProtocol() ?? 'TLS'}`), proves, life(socket, now)];
    return { checks, socket };
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'gate_untrusted')
      return { checks: [brokenBy('proxy', error)], socket: undefined };
    return { checks: [ok('proxy', `${place} answers`), ...(await whyUntrusted(gate, error, now))], socket: undefined };
  }
}

/** Its certificate, looked at without a token being at stake. */
async function whyUntrusted(gate: Gate, failure: Failure, now: number): Promise<readonly Check[]> {
  try {
    const socket = await openGate({ ...gate, insecure: true });
    const lives = life(socket, now);
    socket.destroy();
    return [brokenBy('proxy identity', failure), lives];
  } catch {
    return [brokenBy('proxy identity', failure)];
  }
}

function life(socket: TLSSocket, now: number): Check {
  const { valid_from: from, valid_to: to, subject, subjectaltname = '' } = socket.getPeerCertificate();
  const names = [...subjectaltname.matchAll(/\b(?:DNS|IP Address):([^,\s]+)/g)].map(([, name]) => name);
  const of = `the certificate of ${names.length > 0 ? names.join(', ') : (subject.CN ?? 'nobody')}`;
  return checkLife('proxy certificate', { from: Date.parse(from), to: Date.parse(to), of }, now);
}

/** What came of an ordinary login and an ordinary statement. */
export interface SessionOutcome {
  /** The first error, where there was one. */
  readonly error: ReadonlyMap<string, string> | undefined;
  /** The session was opened: the proxy, an agent and the target are all there. */
  readonly opened: boolean;
  readonly serverVersion: string | undefined;
  readonly answered: 'rows' | 'held' | 'nothing';
  /** It hung up or said what is no PostgreSQL. */
  readonly lost: string | undefined;
}

const largest = 1_048_576;

/** Logs in as any client does and asks for one row that needs no table. */
export async function trySession(
  socket: TLSSocket,
  {
    token,
    connection,
    database,
    patience,
  }: { readonly token: string; readonly connection: string; readonly database: string; readonly patience: number },
): Promise<SessionOutcome> {
  const decode = createBackendDecoder(largest);
  const seen = { opened: false, answered: 'nothing' as SessionOutcome['answered'] };
  let error: ReadonlyMap<string, string> | undefined;
  let serverVersion: string | undefined;
  return new Promise((resolve) => {
    const finish = (lost?: string): void => {
      clearTimeout(timer);
      socket.removeAllListeners('data');
      if (seen.opened && socket.writable) socket.write(encodeTerminate());
      socket.end();
      // A proxy that does not hang up does not keep us.
      setTimeout(() => socket.destroy(), 1_000).unref();
      resolve({ ...seen, error, serverVersion, lost });
    };
    const timer = setTimeout(() => finish(`no answer within ${patience / 1000} s`), patience);
    const hear = (message: BackendMessage): void => {
      if (message.type === 'error') {
        error ??= message.fields;
        if (!seen.opened) finish();
      } else if (message.type === 'parameter' && message.name === 'server_version') serverVersion = message.value;
      else if (message.type === 'row') seen.answered = 'rows';
      else if (message.type === 'notice' && codeOf(message.fields) === 'held') {
        seen.answered = 'held';
        finish();
      } else if (message.type === 'ready') {
        if (seen.opened) return finish();
        seen.opened = true;
        socket.write(encodeQuery('select 1'));
      }
    };
    const onData = (chunk: Buffer): void => {
      try {
        for (const message of decode(chunk)) hear(message);
      } catch {
        finish('what answers does not speak PostgreSQL');
      }
    };
    socket.on('error', () => undefined);
    socket.once('close', () => finish('the proxy hung up'));
    socket.write(encodeStartup({ user: connection, database, application_name: application }));
    void logIn(socket, token).then((said) => {
      onData(said);
      socket.on('data', onData);
      socket.resume();
    });
  });
}

/** The stable code in an error's DETAIL; the target's own errors have none. */
export function codeOf(fields: ReadonlyMap<string, string>): string | undefined {
  return detailOf(fields)['code'];
}

export function detailOf(fields: ReadonlyMap<string, string>): Readonly<Record<string, string | undefined>> {
  try {
    const detail = JSON.parse(fields.get('D') ?? '') as unknown;
    if (typeof detail !== 'object' || detail === null) return {};
    return Object.fromEntries(Object.entries(detail).filter(([, value]) => typeof value === 'string'));
  } catch {
    return {};
  }
}
