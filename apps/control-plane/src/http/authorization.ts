import { roles } from './caller.js';
import type { Role } from './caller.js';

/** Who may call a route: everybody, or the named roles and kinds. What is not listed is denied to all. */
export type Access = 'public' | readonly (Role | 'subagent')[];

const admin = ['admin'] as const;
/** May look at how things are set up and at what happened. */
const readers = ['admin', 'auditor'] as const;
/** Also those who must understand a held command before they agree to it. */
const observers = ['admin', 'auditor', 'approver'] as const;
const approvers = ['admin', 'approver'] as const;
const people = roles;
const everybody = [...roles, 'subagent'] as const;

/** The one authorization table: route -> who. A test fails when a route is missing here, or a line has no route. */
export const authorization: Readonly<Record<string, Access>> = {
  'GET /healthz': 'public',
  'GET /readyz': 'public',
  'POST /v1/setup': 'public',
  'GET /auth': 'public',
  'GET /auth/:provider/start': 'public',
  'GET /auth/:provider/callback': 'public',
  'POST /auth/:provider/backchannel-logout': 'public',
  'POST /auth/logout': 'public',
  'GET /auth/device': 'public',
  'POST /auth/device': 'public',
  'GET /v1/me': everybody,
  'GET /.well-known/oauth-authorization-server': 'public',
  'GET /oauth/jwks': 'public',
  'POST /oauth/token': 'public',
  'POST /oauth/introspect': everybody,
  'POST /oauth/revoke': 'public',
  'POST /oauth/device_authorization': 'public',
  'GET /v1/device-codes/:code': people,
  'POST /v1/device-codes/:code/approve': people,
  'POST /v1/device-codes/:code/deny': people,
  'GET /v1/token-keys': readers,
  'POST /v1/token-keys/rotate': admin,

  'GET /v1/tokens': people,
  'POST /v1/tokens': people,
  'DELETE /v1/tokens/:id': people,

  'GET /v1/logins': people,
  'GET /v1/logins/:id': people,
  'DELETE /v1/logins/:id': people,

  'GET /v1/users': readers,
  'GET /v1/users/:ref': readers,
  'POST /v1/users': admin,
  'PUT /v1/users/:ref': admin,
  'DELETE /v1/users/:ref': admin,

  'GET /v1/groups': readers,
  'GET /v1/groups/:ref': readers,
  'POST /v1/groups': admin,
  'PUT /v1/groups/:ref': admin,
  'DELETE /v1/groups/:ref': admin,

  'GET /v1/issuers': readers,
  'GET /v1/issuers/:ref': readers,
  'POST /v1/issuers': admin,
  'PUT /v1/issuers/:ref': admin,
  'DELETE /v1/issuers/:ref': admin,
  'POST /v1/issuers/:ref/refresh': admin,

  'GET /v1/identity-providers': readers,
  'GET /v1/identity-providers/:ref': readers,
  'POST /v1/identity-providers': admin,
  'PUT /v1/identity-providers/:ref': admin,
  'DELETE /v1/identity-providers/:ref': admin,
  'POST /v1/identity-providers/:ref/client-secret': admin,
  'POST /v1/identity-providers/:ref/refresh': admin,

  'GET /v1/subagents': readers,
  'GET /v1/subagents/:ref': readers,
  'POST /v1/subagents': admin,
  'PUT /v1/subagents/:ref': admin,
  'DELETE /v1/subagents/:ref': admin,
  'POST /v1/subagents/:ref/disable': admin,
  'POST /v1/subagents/:ref/enable': admin,
  'POST /v1/subagents/:ref/revoke-tokens': admin,

  'GET /v1/observed-identities': readers,
  'POST /v1/observed-identities/:id/bind': admin,
  'DELETE /v1/observed-identities/:id': admin,

  'GET /v1/classes': readers,
  'GET /v1/classes/:ref': readers,
  'POST /v1/classes': admin,
  'PUT /v1/classes/:ref': admin,
  'DELETE /v1/classes/:ref': admin,

  'GET /v1/connections': observers,
  'GET /v1/connections/:ref': observers,
  'POST /v1/connections': admin,
  'PUT /v1/connections/:ref': admin,
  'DELETE /v1/connections/:ref': admin,
  'GET /v1/connections/:ref/tags': observers,
  'PUT /v1/connections/:ref/tags': admin,
  'GET /v1/connections/:ref/catalog': observers,
  'GET /v1/connections/:ref/catalog/schemas': observers,
  'GET /v1/connections/:ref/catalog/relations': observers,
  'GET /v1/connections/:ref/catalog/columns': observers,
  'GET /v1/connections/:ref/catalog/functions': observers,
  'GET /v1/connections/:ref/catalog/types': observers,
  'GET /v1/connections/:ref/catalog/operators': observers,
  'POST /v1/connections/:ref/catalog/read': admin,
  'GET /v1/connections/:ref/suggestions': observers,
  'POST /v1/connections/:ref/suggestions/accept': admin,
  'GET /v1/connections/:ref/suggestions/sampling': observers,
  'POST /v1/connections/:ref/suggestions/sample': admin,

  'GET /v1/policy-sets': observers,
  'GET /v1/policy-sets/:ref': observers,
  'POST /v1/policy-sets': admin,
  'PUT /v1/policy-sets/:ref': admin,
  'DELETE /v1/policy-sets/:ref': admin,
  'POST /v1/policy-sets/:ref/validate': readers,
  'GET /v1/policy-sets/:ref/versions': observers,
  'POST /v1/policy-sets/:ref/versions': admin,
  'GET /v1/policy-sets/:ref/versions/:version': observers,
  'GET /v1/policy-sets/:ref/diff': observers,
  'POST /v1/policy-sets/:ref/publish': admin,

  'GET /v1/agents': readers,
  'GET /v1/agents/:ref': readers,
  'PUT /v1/agents/:ref': admin,
  'DELETE /v1/agents/:ref': admin,
  'GET /v1/proxies': readers,
  'GET /v1/proxies/:ref': readers,
  'PUT /v1/proxies/:ref': admin,
  'DELETE /v1/proxies/:ref': admin,
  'GET /v1/join-tokens': readers,
  'POST /v1/join-tokens': admin,
  'DELETE /v1/join-tokens/:id': admin,

  'GET /v1/sessions': observers,
  'GET /v1/sessions/:id': observers,
  'GET /v1/sessions/:id/statements': observers,
  'POST /v1/sessions/:id/end': admin,
  'GET /v1/budgets': readers,
  'GET /v1/audit': readers,
  'GET /v1/admin-actions': readers,

  'GET /v1/approvals': observers,
  'GET /v1/approvals/:id': everybody,
  'POST /v1/approvals/:id/approve': approvers,
  'POST /v1/approvals/:id/deny': approvers,
  'POST /v1/approvals/:id/run': everybody,
};

/** Default deny: an unknown route has no access. */
export function accessOf(route: string): Access {
  return Object.hasOwn(authorization, route) ? (authorization[route] ?? []) : [];
}

/** Pages are for people and their browsers: they are no part of REST or its reference. */
export const isPage = (route: string): boolean => /^[A-Z]+ \/auth(?:\/|$)/.test(route);
