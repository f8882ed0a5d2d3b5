import type { Catalog } from '@sallyport/kernel';
import type { CompiledPolicy } from '../compile/types.js';

/**
 * What the control plane streams. A manifest is signed and names chunks by digest; chunks are canonical JSON and are
 * sent only to nodes that lack them. A node that meets a kind or a rule type that it does not know refuses the bundle.
 */
export interface Manifest {
  readonly tenant: string;
  /** Monotonic per tenant: an older one is refused. */
  readonly version: number;
  readonly issuedAt: number;
  /** Milliseconds since the epoch; an expired manifest is refused. */
  readonly notAfter: number;
  /** How long a node may decide without hearing from the control plane, milliseconds. */
  readonly maxStaleness: number;
  readonly chunks: readonly ChunkReference[];
}

export interface ChunkReference {
  readonly kind: ChunkKind;
  /** Connection name; for a catalog `connection/database`; empty for singletons. */
  readonly name: string;
  /** SHA-256 of the chunk's bytes, lower-case hex. */
  readonly digest: string;
}

/** What a manifest names. */
export const namedKinds = ['identity', 'ended_logins', 'connection', 'catalog', 'agent_connection', 'proxies'] as const;
/** A part of a catalog is named by the catalog's own chunk. */
export const chunkKinds = [...namedKinds, 'catalog_part'] as const;
export type ChunkKind = (typeof chunkKinds)[number];

export type Chunk =
  | { readonly kind: 'identity'; readonly value: IdentityChunk }
  | { readonly kind: 'ended_logins'; readonly value: EndedLoginsChunk }
  | { readonly kind: 'connection'; readonly value: ConnectionChunk }
  | { readonly kind: 'catalog'; readonly value: CatalogHead }
  | { readonly kind: 'catalog_part'; readonly value: CatalogPart }
  | { readonly kind: 'agent_connection'; readonly value: AgentConnectionChunk }
  | { readonly kind: 'proxies'; readonly value: ProxiesChunk };

/** What each kind of chunk holds. */
export interface ChunkValues {
  readonly identity: IdentityChunk;
  readonly ended_logins: EndedLoginsChunk;
  readonly connection: ConnectionChunk;
  readonly catalog: CatalogHead;
  readonly catalog_part: CatalogPart;
  readonly agent_connection: AgentConnectionChunk;
  readonly proxies: ProxiesChunk;
}

/** Lists that are long in a large database, and of which a definition changes little. */
export const partedLists = ['relations', 'functions', 'types', 'operators', 'casts'] as const;
export type PartedList = (typeof partedLists)[number];

/** Some entries of a catalog. Which of them stand together says nothing. */
export type CatalogPart = Partial<Pick<Catalog, PartedList>>;

/** A catalog but for its long lists. */
export interface CatalogHead extends Omit<Catalog, PartedList> {
  /** Digests of the parts that hold them. */
  readonly parts: readonly string[];
}

/** To proxies: who may be who. */
export interface IdentityChunk {
  readonly issuers: readonly IssuerRecord[];
  /** Whose tokens name logins: the control plane itself. */
  readonly own: OwnIssuer;
  readonly subagents: readonly SubagentRecord[];
  readonly users: readonly UserRecord[];
}

/** To proxies: what was taken back before its tokens ran out. A chunk of its own, so that this moves fast. */
export interface EndedLoginsChunk {
  /** Ids of logins, in order. */
  readonly ids: readonly string[];
}

export interface OwnIssuer {
  /** Exactly the token's `iss`, and its `aud`. */
  readonly issuer: string;
  /** The key that signs, the one that will, those that did and whose tokens may still live. */
  readonly keys: readonly OwnKey[];
}

/** An ES256 public key, as a JWK. */
export interface OwnKey {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly alg: 'ES256';
  readonly use: 'sig';
}

export interface IssuerRecord {
  readonly id: string;
  readonly name: string;
  /** Exactly the token's `iss`. */
  readonly issuer: string;
  /** The token's `aud` must hold one of these. */
  readonly audiences: readonly string[];
  /** Public keys, pinned per issuer (JWK). */
  readonly keys: readonly Readonly<Record<string, unknown>>[];
  readonly algorithms: readonly string[];
}

export interface SubagentRecord {
  readonly id: string;
  readonly name: string;
  readonly issuer: string;
  /** Every claim must equal its value exactly. `sub` is always among them. */
  readonly claims: Readonly<Record<string, string>>;
  readonly groups: readonly string[];
  /** User id of the human who answers for it. */
  readonly owner: string | undefined;
  readonly disabled: boolean;
  /** Tokens issued before this are refused, seconds since the epoch. */
  readonly notBefore: number;
  /** How long its commands are held on the wire, milliseconds; absent: as the connection says. */
  readonly hold?: number;
}

export interface UserRecord {
  readonly id: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly disabled: boolean;
  /** Tokens issued before this are refused, seconds since the epoch. */
  readonly notBefore: number;
}

export const maskFormats = ['redact', 'partial', 'hash', 'null', 'email'] as const;
export type MaskFormat = (typeof maskFormats)[number];

export interface ColumnTag {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly classes: readonly string[];
}

/** To proxies: everything to decide for one connection. */
export interface ConnectionChunk {
  readonly id: string;
  readonly name: string;
  readonly protocol: string;
  readonly environment: string;
  /** Default database; a client may name another one of `databases`. */
  readonly database: string;
  readonly databases: readonly string[];
  /** Names of agents that serve it. */
  readonly agents: readonly string[];
  readonly audit: 'spool' | 'durable';
  /** How long a command is held on the wire, milliseconds. */
  readonly hold: number;
  readonly detectors: boolean;
  /** Answers of which nobody can prove where they come from are masked whole. Absent: refused. */
  readonly unprovable?: 'mask';
  readonly tags: readonly ColumnTag[];
  /** Mask format per class; a class that is missing here is redacted. */
  readonly classes: Readonly<Record<string, MaskFormat>>;
  /** Key of the `hash` format, base64. */
  readonly hashKey: string;
  readonly policies: readonly CompiledPolicy[];
  readonly policyVersion: number;
}

/** To one agent: a connection that it serves. Holds a reference to a credential, never a credential. */
export interface AgentConnectionChunk {
  readonly id: string;
  readonly name: string;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly tls: 'verify-full' | 'require' | 'disable';
  readonly database: string;
  readonly databases: readonly string[];
  /** Name under which the agent's own configuration holds the credential. */
  readonly credential: string;
  /** The agent may look at values to say what columns seem to hold. Absent: it may not. */
  readonly sampling?: boolean;
}

/** To agents: where to keep warm sockets. */
export interface ProxiesChunk {
  readonly proxies: readonly { readonly name: string; readonly host: string; readonly port: number }[];
}
