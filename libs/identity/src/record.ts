/**
 * Who may be who, as it arrives in the bundle. Same fields as `IssuerRecord`, `SubagentRecord` and `IdentityChunk` of
 * libs/policy, which this room may not import.
 */
export interface IssuerLike {
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

export interface SubagentLike {
  readonly id: string;
  readonly name: string;
  /** Id of the issuer record. */
  readonly issuer: string;
  /** Every claim must equal its value exactly. `sub` is always among them. */
  readonly claims: Readonly<Record<string, string>>;
  readonly groups: readonly string[];
  readonly owner: string | undefined;
  readonly disabled: boolean;
  /** Tokens issued before this are refused, seconds since the epoch. */
  readonly notBefore: number;
}

/** The control plane itself, whose tokens name logins and principals. */
export interface OwnIssuerLike {
  /** Exactly the token's `iss`, and its `aud`. */
  readonly issuer: string;
  /** Public keys (JWK), each with a `kid`. */
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

export interface IdentityLike<Subagent extends SubagentLike = SubagentLike> {
  readonly issuers: readonly IssuerLike[];
  readonly subagents: readonly Subagent[];
}
