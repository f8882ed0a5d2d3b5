import type { Control, Mode } from '@sallyport/kernel';
import type { CompiledPolicy } from '../compile/types.js';
import { compilePolicy } from '../compile/policy.js';
import type { ExecutablePolicy } from '../compile/policy.js';
import { canApplyTo } from '../decide/slice.js';
import { entityKey } from '../schema/uid.js';

/** A connection, with what its protocol declares that it can enforce. */
export interface EnforcingConnection {
  readonly name: string;
  readonly environment: string;
  readonly protocol: string;
  readonly modes: readonly Mode[];
}

/** One row that is missing in the table of what can be enforced. */
export interface EnforcementGap {
  readonly policy: string;
  readonly connection: string;
  readonly protocol: string;
  readonly mode: string;
  readonly control: Control;
  /** Why the protocol cannot, in its own words. */
  readonly because: string;
  readonly message: string;
}

/** Actions that ask for a control of their own when a policy names them. */
const asksFor = (action: string): Control | undefined => {
  switch (action) {
    case 'connect':
    case 'approve':
      return undefined;
    case 'reveal':
      return 'mask';
    case 'filter':
      return 'filter';
    default:
      return 'statement';
  }
};

/** What a policy needs its connections to be able to do. */
export const controlsOf = (policy: CompiledPolicy): readonly Control[] => controlsAsked(compilePolicy(policy));

const controlsAsked = ({ action, obligations }: ExecutablePolicy): readonly Control[] => {
  // Only watched: nothing is enforced, so nothing can be missing.
  if (obligations.shadow) return [];
  const controls = new Set<Control>();
  const uids = action.kind === 'in' ? action.uids : action.kind === 'equals' ? [action.uid] : undefined;
  if (uids === undefined) controls.add('statement');
  for (const { type, id } of uids ?? []) {
    const control = entityKey(type, id) === entityKey('Action', id) ? asksFor(id) : 'statement';
    if (control) controls.add(control);
  }
  if (obligations.approvals > 0 || obligations.preview) controls.add('hold');
  if (obligations.preview) controls.add('preview');
  if (obligations.limits.length > 0) controls.add('budget');
  if (obligations.durable) controls.add('evidence');
  return [...controls];
};

/**
 * Every way in which a connection's protocol cannot do what a policy asks of it. Empty: the set may be published. All
 * modes of a protocol count, because the client chooses the mode.
 */
export const checkEnforceable = (
  policies: readonly CompiledPolicy[],
  connections: readonly EnforcingConnection[],
): readonly EnforcementGap[] =>
  policies.map(compilePolicy).flatMap((policy) =>
    connections
      .filter((connection) => canApplyTo(policy, connection))
      .flatMap((connection) =>
        connection.modes.flatMap((mode) =>
          controlsAsked(policy)
            .filter((control) => !mode.enforces.includes(control))
            .map((control) => gap(policy.id, connection, mode, control)),
        ),
      ),
  );

const gap = (policy: string, connection: EnforcingConnection, mode: Mode, control: Control): EnforcementGap => {
  const because = mode.gaps[control] ?? 'not enforced';
  return {
    policy,
    connection: connection.name,
    protocol: connection.protocol,
    mode: mode.name,
    control,
    because,
    message:
      `policy ${policy} needs "${control}" on connection ${connection.name}, ` +
      `which ${connection.protocol} does not enforce in mode "${mode.name}": ${because}`,
  };
};
