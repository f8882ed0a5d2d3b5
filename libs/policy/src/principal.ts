/** Who a command is decided for. */
export interface Principal {
  readonly kind: 'user' | 'subagent';
  readonly id: string;
  readonly name: string;
  readonly groups: readonly string[];
  /** User id of the human who answers for it. */
  readonly owner: string | undefined;
}

/** The caller first, then each principal on whose behalf it acts. Never empty. */
export type PrincipalChain = readonly [Principal, ...Principal[]];
