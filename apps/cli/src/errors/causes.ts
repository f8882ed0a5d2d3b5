import type { Causes } from './page.js';

const identityProvider = 'have the identity provider issue one as it should be (`sally token` asks it)';

/** Why a login was refused; `cause` of the audit's `login.refused`, which the caller never sees. */
export const loginCauses = {
  too_long: { why: 'the token is longer than 16 KiB', next: identityProvider },
  malformed: {
    why: 'the password is no signed JWT',
    next: 'send the token itself, on one line, unquoted; not an API token',
  },
  header_not_allowed: {
    why: 'its header brings a key or an extension of its own (jwk, jku, x5c, crit …)',
    next: identityProvider,
  },
  unknown_issuer: {
    why: 'no issuer is registered whose `issuer` is its `iss`, to the letter',
    next: 'register it (kind Issuer), or correct the slash at the end',
  },
  ambiguous_issuer: { why: 'two issuers are registered with its `iss`', next: 'delete one' },
  algorithm_not_allowed: {
    why: 'it is signed with an algorithm that the issuer’s record does not list',
    next: 'add it to `algorithms` of the issuer, if the provider really uses it',
  },
  unknown_key: {
    why: 'it is signed with a key that the issuer has not published, as far as we read',
    next: 'read the keys anew: `POST /v1/issuers/NAME/refresh`; see `keysProblem` of the issuer',
  },
  bad_signature: { why: 'the signature does not hold', next: 'the token was changed on its way, or is a forgery' },
  bad_claims: {
    why: 'a standard claim (sub, exp, nbf, iat, aud) is missing or of another type',
    next: identityProvider,
  },
  wrong_audience: {
    why: 'its `aud` is none of the issuer’s `audiences`',
    next: 'ask the provider for our audience (`sally token --audience …`), or add this one to the issuer',
  },
  wrong_party: {
    why: 'it is for several audiences and was issued to a party that is not ours',
    next: 'ask for a token for our audience alone',
  },
  expired: { why: 'the token has expired', next: 'get a fresh one; `sally run` and `sally connect` renew it' },
  not_yet_valid: {
    why: 'it is valid only later (nbf), by more than a minute',
    next: 'compare the clocks of the identity provider and the proxy',
  },
  issued_in_future: {
    why: 'it was issued in the future (iat), by more than a minute',
    next: 'compare the clocks of the identity provider and the proxy',
  },
  unknown_subagent: {
    why: 'no subagent’s `claims` all stand in it',
    next: 'register the subagent, or correct its claims (`sally get subagents`)',
  },
  ambiguous_subagent: { why: 'it fits two subagents', next: 'make their claims tell them apart' },
  disabled: { why: 'the subagent is disabled', next: '`POST /v1/subagents/NAME/enable`' },
  revoked: { why: 'it was issued before the subagent’s tokens were revoked', next: 'get a fresh one' },
  unknown_connection: {
    why: 'there is no connection of that name (the user name is the connection)',
    next: '`sally get connections` lists them',
  },
  wrong_protocol: {
    why: 'the connection is of another protocol than this port',
    next: 'connect to the listener of that protocol',
  },
  database_not_allowed: {
    why: 'the connection does not list that database',
    next: 'name one of its `databases`, or none',
  },
  issuer_removed: { why: 'its issuer is not registered any more', next: 'register it (kind Issuer)' },
  subagent_removed: { why: 'its subagent is not registered any more', next: 'register it (kind Subagent)' },
  binding_changed: { why: 'the subagent’s claims were changed', next: 'get a token that has them, and connect again' },
  no_bundle: { why: 'no policy has come from the control plane yet', next: 'see `policy_unavailable`' },
} as const satisfies Causes;

/** Why an agent did not open a target: `cause` in DETAIL of `target_unavailable`, `code` in the agent's log. */
export const targetCauses = {
  unreachable: {
    why: 'nothing answers at the connection’s `host` and `port` from where the agent runs',
    next: 'start the target, or correct the address; try it from the agent’s machine',
  },
  tls_refused: {
    why: 'the target offers no TLS, or its certificate does not prove its name',
    next: 'give the agent the authority (`SALLYPORT_TARGET_CA`), correct `host`, or set `tls` of the connection',
  },
  authentication_failed: {
    why: 'the target refused the credential that the agent has',
    next: 'correct the agent’s credential of that name; it is read again at the next login',
  },
  target_error: {
    why: 'the target refused the session (the message has its SQLSTATE): no such database, too many connections, no right to connect',
    next: 'look into the target’s log',
  },
  no_credential: {
    why: 'the agent has no usable credential of the connection’s `credential` name',
    next: 'set SALLYPORT_CREDENTIAL_NAME_USER and _PASSWORD, or see to the source in SALLYPORT_CREDENTIALS; its log says where it looked',
  },
  not_served: {
    why: 'the agent does not have this connection and database in its bundle, or cannot open its protocol',
    next: 'name the agent in the connection’s `agents`, and the database in its `databases`; `sally nodes ls` shows its bundle',
  },
  bad_parameters: {
    why: 'the proxy asked for start-up parameters that no session may have',
    next: 'proxy and agent are of versions that do not fit: upgrade the agent',
  },
  bad_ticket: {
    why: 'the agent does not take the proxy’s ticket: its signature, its time or its names do not hold',
    next: 'compare the clocks of proxy and agent (30 s count); the agent’s log has the reason',
  },
} as const satisfies Causes;

/** Why a node refuses a bundle: `refused` of `sally nodes ls`. It goes on with the last good one. */
export const bundleCauses = {
  unsigned: {
    why: 'the signature is not that of the key it enrolled with',
    next: 'the control plane’s database was set up anew: enrol the node again',
  },
  malformed: {
    why: 'it holds a kind or field that the node does not know',
    next: 'the node is older than the control plane: upgrade it',
  },
  other_tenant: { why: 'it is for another tenant', next: 'the node’s state directory belongs to another installation' },
  expired: { why: 'its end has passed by the node’s clock', next: 'compare the clocks of node and control plane' },
  older: {
    why: 'it is older than the one in force',
    next: 'a backup was restored: see “Backup and restore” in docs/operations.md',
  },
  conflict: { why: 'it has the version of the one in force and other content', next: 'as with `older`' },
} as const satisfies Causes;
