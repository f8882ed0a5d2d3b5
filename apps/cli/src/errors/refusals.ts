import type { RefusalCode } from '@sallyport/kernel';
import type { Pages } from './page.js';

/** What a proxy says on the wire, in the protocol's own error: its DETAIL is JSON and holds the code. */
export const refusalPages: Pages<RefusalCode> = {
  unauthenticated: {
    what: 'The login was refused, or a REST call came without a token that holds.',
    why: 'The token is missing, expired, for another audience, of an issuer that is not trusted, bound to no subagent, disabled or revoked; or there is no such connection, or policy does not permit to connect. The caller is told nothing more, on purpose: it could be anybody. (Only a token sent without TLS, and a login without a user name, are told so.)',
    next: 'Run `sally doctor CONNECTION`: it reads the token and compares it with what is registered. An admin reads the cause with `GET /v1/audit?type=login.refused`; the causes are listed below. Over REST: log in again with `sally login`.',
  },
  denied: {
    what: 'Policy does not permit this command, or a start-up parameter that the client sent; or whoever opened the session may not go on. Nothing of it reached the target; the session and its transaction go on.',
    why: 'No policy permits every part of it, or one forbids a part: the message is the reason that the policy gives, where it gives one. Or the token that opened the session has expired or was revoked, and the message says so. Reading a masked column in WHERE, JOIN, ORDER BY or GROUP BY needs `filter`, calling a function that is not a reviewed built-in needs `call`.',
    next: 'Ask for less, or ask an admin for a permit: `sally sessions show SESSION` shows the command and what it touches. Where the token has ended, connect again with a fresh one.',
  },
  approval_pending: {
    what: 'The command needs a human, and nobody has answered within the hold. It was not executed; the approval lives on.',
    why: 'A policy with `@approval` permits it. DETAIL holds the approval’s id and, in seconds, `retry_after`.',
    next: 'When somebody has agreed (`sally approvals approve ID`), send the same command again, or have the gateway run what it kept: `sally approvals run ID` (exit code 75 means: not yet).',
  },
  approval_denied: {
    what: 'A human said no, or those who said yes do not count for this command any more.',
    why: 'The message holds the reason that they gave.',
    next: 'Talk to them. Sending the command again asks for a new approval.',
  },
  approval_expired: {
    what: 'The approval is over: nobody answered in time, or its grant was used already. A grant runs one command, once.',
    why: 'Approvals end after `SALLYPORT_APPROVAL_EXPIRY`, and so does a grant that nobody used.',
    next: 'Send the command again: it asks for a new approval.',
  },
  approval_withdrawn: {
    what: 'The held command was given up before anybody answered. Nothing was executed.',
    why: 'The client cancelled it, or left.',
    next: 'Send it again if it is still wanted.',
  },
  policy_stale: {
    what: 'The proxy has not heard of the control plane for longer than it may decide without it, so it decides nothing. Nothing was executed.',
    why: 'The control plane, its PostgreSQL or the way to it is down for longer than `SALLYPORT_MAX_STALENESS`: a policy that was changed meanwhile must not be passed over.',
    next: 'Bring the control plane back; the proxy goes on by itself. Try again after `retry_after` seconds.',
  },
  policy_unavailable: {
    what: 'The proxy has no policy that it may act on, or the decision could not be made. Nothing was executed.',
    why: 'No bundle has come yet, the last one has ended or was refused; or the command needs an approval and the control plane cannot be asked.',
    next: '`sally nodes ls` shows what each proxy acts on and why it refused a bundle (the reasons are listed below); `sally doctor` says which part is broken.',
  },
  audit_unavailable: {
    what: 'The evidence of the command could not be kept, so it was not executed.',
    why: 'The proxy’s spool is full or its disk fails; with the grade `durable`, the control plane could not be reached.',
    next: 'Bring the control plane back so that the spool empties, make room on the disk, or raise `SALLYPORT_SPOOL_LIMIT`.',
  },
  unreadable: {
    what: 'The statement does not parse, or is no valid UTF-8.',
    why: 'It is read with PostgreSQL 18’s own grammar; what that refuses has no meaning that could be decided.',
    next: 'Correct the statement; the message has the parser’s words.',
  },
  unknown: {
    what: 'The statement parses, and holds something that the gateway does not know: a kind of statement, a name, a function. It was not executed.',
    why: 'What is not modelled cannot be decided, so it is refused. A table or function that was made a moment ago is unknown until the agent has read the catalog again.',
    next: 'Check the name’s spelling and schema; after a change of tables try again in a few seconds (at most `SALLYPORT_CATALOG_INTERVAL`). Write the statement in another way, or report it: a common statement that is refused is a bug.',
  },
  unmaskable: {
    what: 'The statement ran, and its answer was withheld: it could not be proved that nothing in it has to be masked.',
    why: 'The answer does not match its description, is longer than can be masked, or comes in an encoding that cannot be read.',
    next: 'Ask for the columns by name, in UTF-8, and in smaller parts; do not send a write again without looking: it may have happened.',
  },
  answer_mismatch: {
    what: 'The statement ran, and its answer was withheld: the target described other columns than the ones that were proved from its catalog. An alarm is in the audit trail.',
    why: 'A table was changed past the gateway, or through another proxy, since the agent read the catalog; or the target does not tell the truth about its tables.',
    next: 'The catalog is being read again: ask once more after a few seconds, a write only after looking whether it happened. If it stays, compare `sally catalog` with the table, and find out who changed it.',
  },
  unsupported: {
    what: 'The client asked for a feature that does not go through this gateway.',
    why: 'Replication, function calls by protocol message and other versions of the protocol are not carried.',
    next: 'Use plain SQL over protocol 3.0 to 3.2; docs/protocols says what is carried.',
  },
  protocol_violation: {
    what: 'The other side broke the rules of the protocol; where the framing was lost, the connection is closed.',
    why: 'A message of an unknown type, in the wrong place, or that does not hold together; one that names a prepared statement (26000) or portal (34000) that the session does not have; or something that is no client of this protocol connected to the port.',
    next: 'Prepare it in this very session: a pooler in between may have given it to another. Else check that the client speaks PostgreSQL to this port; report it with the client’s name and version if it does.',
  },
  limit_exceeded: {
    what: 'A bound of length, number or time was reached: the message says which. Nothing of it was executed, but for an answer that was cut off at the end of its budget.',
    why: 'Every length, count and wait has an end, so that nobody can use up the gateway; `@budget` in a policy sets others.',
    next: 'Send less or slower. Where DETAIL holds `retry_after`, a budget has room again after that many seconds. For “the login took too long” see whether the agent reaches the target.',
  },
  state_drift: {
    what: 'Something in the session changed what statements mean in a way that the gateway cannot follow, so the next one was refused.',
    why: 'For example `client_encoding`, `standard_conforming_strings` or `search_path` is no longer what was decided upon.',
    next: 'Set it back in a statement of its own (`SET client_encoding = UTF8`), or open a new session.',
  },
  no_agent: {
    what: 'No agent that serves the connection has a socket free at this proxy, so the target cannot be opened.',
    why: 'The agent is not running, cannot reach the proxy’s advertised address (`SALLYPORT_TUNNEL_ADVERTISE`), is disabled, or is not among the connection’s `agents`.',
    next: 'Start the agent; `sally nodes ls` shows whether it is connected, its metric `sallyport_agent_warm_sockets` whether it reaches the proxy.',
  },
  target_unavailable: {
    what: 'An agent took the session and could not open the target, or the target closed the connection.',
    why: 'The message says it in the agent’s words, and DETAIL’s `cause` in one of those below.',
    next: 'The agent’s log has the same with the address; look at the target, and at the credential that the agent has for it.',
  },
  session_ended: {
    what: 'The gateway ended the session.',
    why: 'An admin ended it, or the proxy is shutting down: the message says which.',
    next: 'Connect again.',
  },
  internal: {
    what: 'Something broke inside Sallyport. On the wire, this one session ended; over REST, this one request.',
    why: 'A bug, or a fault of the machine.',
    next: 'Try again; report it with the log’s lines of that moment (over REST `instance` is the id that the log has).',
  },
};
