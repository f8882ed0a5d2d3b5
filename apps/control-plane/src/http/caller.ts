import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { AuthorizationDetail } from '../oauth/authorization-details.js';

export const roles = ['admin', 'approver', 'auditor', 'member'] as const;
export type Role = (typeof roles)[number];

/** Who asks over REST: a person by an API token, or a subagent by the token of its own identity provider. */
export type Caller = UserCaller | SubagentCaller;

interface Named {
  readonly tenantId: string;
  readonly id: string;
  readonly name: string;
  /** Names of the groups that it is in. */
  readonly groups: readonly string[];
}

export interface UserCaller extends Named {
  readonly kind: 'user';
  readonly role: Role;
  /** When the token that they ask with ends. */
  readonly tokenExpiresAt: Date | null;
  /** Ids of others who had this token, or one that it was made with, in their hands. */
  readonly tokenMakers: readonly string[];
  /** The login that they ask with; null: an API token, which is under none. */
  readonly loginId: string | null;
}

export interface SubagentCaller extends Named {
  readonly kind: 'subagent';
  /** User id of the human who answers for it. */
  readonly owner: string | undefined;
  /** Ids of the principals that it acts for, the nearest first; empty: for itself. */
  readonly onBehalfOf: readonly string[];
  /** What its token may at most; `undefined`: what its principals may. */
  readonly details: readonly AuthorizationDetail[] | undefined;
  /** Its token has a budget, or one that it was made from has. */
  readonly budgeted: boolean;
}

/** What the guard leaves on a request for those who come after it. */
export interface CallerHolder {
  caller?: Caller;
}

const callerOf = (context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<CallerHolder>();
  if (caller === undefined) throw new Error('a public route asked who the caller is');
  return caller;
};

/** The authenticated caller, of either kind. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => callerOf(context));

/** The authenticated person; only for routes that the table opens to roles alone. */
export const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): UserCaller => {
  const caller = callerOf(context);
  if (caller.kind !== 'user') throw new Error('a route for people was opened to a subagent');
  return caller;
});
