import type { Session } from './session.js';

/** What the gateway can do about a command. */
export const controls = ['statement', 'mask', 'filter', 'hold', 'preview', 'budget', 'evidence', 'kill'] as const;
export type Control = (typeof controls)[number];

/** Per mode of the protocol: which controls are enforced there, and if not, why not. */
export interface Mode {
  readonly name: string;
  readonly enforces: readonly Control[];
  readonly gaps: Readonly<Partial<Record<Control, string>>>;
}

/** Bounds on hostile input; every length is checked against one before anything is allocated. */
export interface Limits {
  /** One message from a client, bytes. */
  readonly clientMessage: number;
  /** One message from a target that must be held whole, bytes (others are streamed). */
  readonly targetMessage: number;
  /** Bytes of a client that are kept while a question is open. */
  readonly heldBytes: number;
  readonly statements: number;
  readonly portals: number;
  readonly startup: number;
}

export interface Digest {
  update(bytes: Uint8Array): void;
  done(): Uint8Array;
}

/** What a session is made with. Everything impure comes in here. */
export interface SessionContext {
  readonly limits: Limits;
  readonly random: (length: number) => Uint8Array;
  /** SHA-256 of what passes by. */
  readonly digest: () => Digest;
  /** The client is on this machine: a cleartext token may be taken without TLS. */
  readonly loopback: boolean;
  /** TLS can be offered to the client. */
  readonly tls: boolean;
}

/** One protocol: a name, what it can enforce, and a factory of sessions. One line in the proxy's list. */
export interface Protocol {
  readonly name: string;
  readonly modes: readonly Mode[];
  open(context: SessionContext): Session;
}
