import { targetCauses } from '../errors/causes.js';
import { pages } from '../errors/find.js';
import type { Check } from './check.js';
import { broken, notChecked, ok } from './check.js';
import type { SessionOutcome } from './gate.js';
import { codeOf, detailOf } from './gate.js';

/** The hops behind the proxy, in the order in which a session passes them. */
const hops = ['proxy login', 'proxy policy', 'agent', 'target', 'statement'] as const;
type Hop = (typeof hops)[number];

/** Where a refusal says the way is broken. */
const hopOf: Readonly<Record<string, Hop>> = {
  unauthenticated: 'proxy login',
  policy_stale: 'proxy policy',
  policy_unavailable: 'proxy policy',
  no_agent: 'agent',
  target_unavailable: 'target',
};

/** What one login and one statement show of each hop. */
export function checkSession(outcome: SessionOutcome): readonly Check[] {
  const { error, opened, serverVersion, answered, lost } = outcome;
  const passed: Readonly<Record<Hop, string>> = {
    'proxy login': 'the proxy takes the token',
    'proxy policy': 'the proxy has a policy that it may act on, and it permits to connect',
    agent: 'an agent took the session',
    target: `the agent is logged in at the target${serverVersion === undefined ? '' : ` (server ${serverVersion})`}`,
    statement: '`select 1` was decided, recorded and answered',
  };
  const stop = (at: Hop, check: Check): readonly Check[] => [
    ...hops.slice(0, hops.indexOf(at)).map((hop) => ok(hop, passed[hop])),
    check,
    ...hops.slice(hops.indexOf(at) + 1).map((hop) => notChecked(hop, 'the way ends before it')),
  ];
  if (error !== undefined) return stopAtError(error, opened, stop);
  if (answered === 'held')
    return stop('statement', notChecked('statement', 'policy holds `select 1` for a human; it was given up'));
  if (lost !== undefined || answered !== 'rows')
    return stop(
      opened ? 'statement' : 'proxy login',
      broken(
        opened ? 'statement' : 'proxy login',
        lost ?? '`select 1` was answered with nothing',
        'look into the log of the proxy; is --gate its PostgreSQL listener?',
      ),
    );
  return hops.map((hop) => ok(hop, passed[hop]));
}

function stopAtError(
  error: ReadonlyMap<string, string>,
  opened: boolean,
  stop: (at: Hop, check: Check) => readonly Check[],
): readonly Check[] {
  const code = codeOf(error);
  const message = error.get('M') ?? 'no reason was given';
  if (opened && code === 'denied')
    return stop(
      'statement',
      notChecked(
        'statement',
        `policy does not let this caller \`select 1\` (${message}), so nothing went to the target`,
      ),
    );
  const hop = (code === undefined ? undefined : hopOf[code]) ?? (opened ? 'statement' : 'proxy login');
  const { cause } = detailOf(error);
  const next =
    (cause !== undefined && Object.hasOwn(targetCauses, cause)
      ? targetCauses[cause as keyof typeof targetCauses].next
      : undefined) ??
    (code === undefined ? undefined : pages[code]?.next) ??
    `it is the target’s own error, SQLSTATE ${error.get('C') ?? 'unknown'}`;
  return stop(hop, broken(hop, message, next, code));
}

export const sessionNotChecked = (why: string): readonly Check[] => hops.map((hop) => notChecked(hop, why));
