import type { Duplex } from 'node:stream';
import { NotOpened, SignedTicket, TicketAnswer, TicketKind } from '@sallyport/contracts';
import type { Ticket } from '@sallyport/contracts';
import { verifyTicket } from '@sallyport/pki';
import type { Peer } from '@sallyport/pki';
import type { Logger } from '@sallyport/runtime';
import { checkTicket, maxPayload, ticketBytes } from '@sallyport/tunnel';
import type { NonceMemory, TicketFields } from '@sallyport/tunnel';
import { OpenProblem } from './openers.js';
import type { OpenedTarget } from './openers.js';
import type { Targets } from './targets.js';

/** What came of a ticket: an answer frame's payload, and the target's stream where it was opened. */
export interface Dialled {
  readonly answer: Uint8Array;
  readonly target: Duplex | undefined;
}

export interface DialInput {
  readonly agent: string;
  readonly targets: Targets;
  readonly nonces: NonceMemory;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Ticket in, logged-in target stream out. The second door: nothing opens that a proxy of ours did not sign for. */
export function createDial({ agent, targets, nonces, log }: DialInput) {
  return async (payload: Uint8Array, proxy: Peer, signal: AbortSignal): Promise<Dialled> => {
    const ticket = readTicket(payload, proxy);
    if (ticket === undefined) return refused('bad_ticket', 'the ticket is not signed by the proxy that brought it');
    const problem = checkTicket({
      fields: ticket,
      now: Date.now(),
      agentName: agent,
      proxyName: proxy.name,
      seenNonces: nonces,
    });
    if (problem !== undefined) {
      log.warn({ proxy: proxy.name, problem }, 'a ticket was refused');
      return refused('bad_ticket', `the ticket is refused: ${problem}`);
    }
    if (ticket.kind === 'cancel') {
      await targets.cancel(ticket.cancelHandle ?? '').catch(() => log.warn({}, 'the target took no cancel'));
      return { answer: encode({ $case: 'cancelled', value: {} }), target: undefined };
    }
    try {
      const { connection, database, parameters } = ticket;
      const target = await targets.open({ connection, database, parameters, signal });
      const answer = opened(target, targets.handle(target));
      if (answer.length <= maxPayload) return { answer, target: target.stream };
      target.stream.destroy();
      throw new OpenProblem('target_error', 'the target says more at login than an answer holds');
    } catch (error) {
      if (!(error instanceof OpenProblem)) throw error;
      log.warn({ connection: ticket.connection, code: error.code, reason: error.detail }, 'a target was not opened');
      return refused(error.code, error.message);
    }
  };
}

/** The ticket, if its signature is by the key of the certificate at the other end of this very socket. */
function readTicket(payload: Uint8Array, proxy: Peer): TicketFields | undefined {
  let signed: SignedTicket;
  try {
    signed = SignedTicket.decode(payload);
  } catch {
    return undefined;
  }
  const fields = signed.ticket === undefined ? undefined : fieldsOf(signed.ticket);
  if (fields === undefined) return undefined;
  try {
    return verifyTicket(proxy.publicKey, ticketBytes(fields), signed.signature) ? fields : undefined;
  } catch {
    // Numbers that have no canonical bytes.
    return undefined;
  }
}

function fieldsOf({ kind, sessionId, ...same }: Ticket): TicketFields | undefined {
  switch (kind) {
    case TicketKind.TICKET_KIND_OPEN:
      return { ...same, kind: 'open', session: sessionId };
    case TicketKind.TICKET_KIND_CANCEL:
      return { ...same, kind: 'cancel', session: sessionId };
    default:
      return undefined;
  }
}

const encode = (outcome: NonNullable<TicketAnswer['outcome']>): Uint8Array => TicketAnswer.encode({ outcome }).finish();

const refused = (code: string, message: string): Dialled => ({
  answer: encode({ $case: 'notOpened', value: NotOpened.fromPartial({ code, message }) }),
  target: undefined,
});

const opened = ({ greeting }: OpenedTarget, cancelHandle: string): Uint8Array =>
  encode({
    $case: 'opened',
    value: {
      parameters: { ...greeting.parameters },
      protocolVersion: 0x0003_0000,
      transaction: greeting.transaction,
      cancelHandle,
      trailing: Buffer.from(greeting.trailing),
    },
  });
