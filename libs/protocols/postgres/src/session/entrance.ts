import { decodeUtf8, refuse } from '@sallyport/kernel';
import type { Refusal, SessionContext, Step } from '@sallyport/kernel';
import { ByteReader, Framer } from '@sallyport/protocol-core';
import { errorResponse } from '../message/refusal.js';
import type { Complaint } from '../message/refusal.js';
import { frontend, header, protocolVersion } from '../message/type.js';
import { authenticationCleartext, negotiateVersion } from '../message/write.js';
import { readStartupPacket } from '../startup/packet.js';
import type { Startup } from '../startup/packet.js';

/** What came of the bytes so far. */
export type Arrival =
  | { readonly kind: 'login'; readonly startup: Startup; readonly credential: string }
  | { readonly kind: 'cancel'; readonly key: Uint8Array }
  | undefined;

const alpn = ['postgresql'] as const;
/** The first byte of a TLS handshake, where the client does not ask before. */
const tlsHandshake = 0x16;
/** A token with many claims is long; more than this is none. */
const longestPassword = 65_536;

/**
 * From the first byte to the password, one way only: each kind of packet at most once, nothing read twice, and nothing that
 * came before TLS read as if it came inside it.
 */
export class Entrance {
  private readonly packets: Framer;
  private readonly passwords = new Framer({ lead: 1, uncounted: 1, least: 5, most: longestPassword });
  private securing: 'asked' | 'direct' | undefined;
  private secure = false;
  private asked = { tls: false, gss: false };
  private startup: Startup | undefined;
  private over = false;

  constructor(private readonly context: SessionContext) {
    this.packets = new Framer({ lead: 0, uncounted: 0, least: 8, most: context.limits.startup });
  }

  /** Bytes behind the password, which nobody sends before being let in, but may. */
  get rest(): Uint8Array {
    const { inbox } = this.passwords;
    return inbox.take(inbox.length);
  }
  get waitsForTls(): boolean {
    return this.securing !== undefined;
  }
  get version(): number {
    return this.startup?.version ?? protocolVersion.oldest;
  }

  feed(bytes: Uint8Array, steps: Step[]): Arrival {
    if (this.over) return undefined;
    // What comes between our word and the handshake is nobody's: never read as if it came inside TLS.
    if (this.securing !== undefined) return this.lost(steps);
    if (this.startup) {
      this.passwords.push(bytes);
      return this.password(this.startup, steps);
    }
    this.packets.push(bytes);
    if (!this.secure && !this.asked.tls && !this.asked.gss && this.packets.inbox.length > 0) {
      const { inbox } = this.packets;
      if (inbox.bytes[inbox.at] === tlsHandshake) return this.direct(steps);
    }
    return this.next(steps);
  }

  secured(protocol: string | undefined, steps: Step[]): void {
    if (this.over) return;
    const { securing } = this;
    this.securing = undefined;
    this.secure = true;
    // Direct TLS must say what it carries: another protocol's client must not be talked into this one.
    const right = protocol === alpn[0] || (protocol === undefined && securing === 'asked');
    if (securing === undefined || !right) this.lost(steps);
  }

  private direct(steps: Step[]): Arrival {
    if (!this.context.tls) return this.lost(steps);
    const { inbox } = this.packets;
    const unread = inbox.take(inbox.length);
    inbox.clear();
    this.securing = 'direct';
    steps.push({ kind: 'secure', unread, alpn });
    return undefined;
  }

  private next(steps: Step[]): Arrival {
    for (;;) {
      const frame = this.packets.next();
      if (frame === 'more') return undefined;
      if (frame === 'too_short') return this.lost(steps);
      if (frame === 'too_long') {
        return this.refuse({ refusal: refuse('limit_exceeded', 'the start-up packet is too long') }, steps);
      }
      const packet = readStartupPacket(frame);
      switch (packet.kind) {
        case 'lost':
          return this.lost(steps);
        case 'refused':
          return this.refuse(packet, steps);
        case 'cancel':
          this.over = true;
          return { kind: 'cancel', key: packet.key };
        case 'gss':
          if (this.asked.gss || this.secure) return this.lost(steps);
          this.asked.gss = true;
          steps.push(no());
          continue;
        case 'tls':
          if (this.asked.tls || this.secure) return this.lost(steps);
          this.asked.tls = true;
          if (!this.context.tls) {
            steps.push(no());
            continue;
          }
          if (this.packets.inbox.length > 0) return this.lost(steps);
          this.securing = 'asked';
          steps.push({ kind: 'toClient', bytes: Uint8Array.of(0x53) });
          steps.push({ kind: 'secure', unread: new Uint8Array(0), alpn });
          return undefined;
        case 'startup':
          return this.begin(packet.startup, steps);
      }
    }
  }

  private begin(startup: Startup, steps: Step[]): Arrival {
    const { inbox } = this.packets;
    this.startup = startup;
    if (startup.negotiate)
      steps.push({ kind: 'toClient', bytes: negotiateVersion(startup.version, startup.negotiate) });
    if (!this.secure && !this.context.loopback) {
      const refusal = refuse('unauthenticated', 'a token is only taken over TLS', {
        hint: 'Connect with sslmode=require or stricter.',
      });
      return this.refuse({ refusal, state: '28000' }, steps);
    }
    steps.push({ kind: 'toClient', bytes: authenticationCleartext() });
    this.passwords.push(inbox.take(inbox.length));
    inbox.clear();
    return this.password(startup, steps);
  }

  private password(startup: Startup, steps: Step[]): Arrival {
    const { inbox } = this.passwords;
    if (inbox.length > 0 && inbox.bytes[inbox.at] !== frontend.password) {
      const refusal = refuse('protocol_violation', 'the client broke the protocol: a password was expected');
      steps.push({ kind: 'note', note: { kind: 'alarm', refusal } });
      return this.refuse({ refusal }, steps);
    }
    const frame = this.passwords.next();
    if (frame === 'more') return undefined;
    const bytes = typeof frame === 'string' ? undefined : new ByteReader(frame, header);
    const credential = bytes && decodeUtf8(bytes.untilZero());
    if (bytes === undefined || !bytes.finished || credential === undefined)
      return this.refuse({ refusal: refuse('protocol_violation', 'the password cannot be read') }, steps);
    this.over = true;
    return { kind: 'login', startup, credential };
  }

  /** With an error that the client can read. */
  private refuse(complaint: Complaint, steps: Step[]): undefined {
    this.over = true;
    steps.push({ kind: 'toClient', bytes: errorResponse('FATAL', complaint) }, { kind: 'close', cause: 'refused' });
    return undefined;
  }
  /** Without a word: who is there does not speak this protocol, or means harm. */
  private lost(steps: Step[]): undefined {
    this.over = true;
    const refusal: Refusal = { code: 'protocol_violation', message: 'the start of the connection cannot be read' };
    steps.push({ kind: 'note', note: { kind: 'alarm', refusal } }, { kind: 'close', cause: 'refused' });
    return undefined;
  }
}

const no = (): Step => ({ kind: 'toClient', bytes: Uint8Array.of(0x4e) });
