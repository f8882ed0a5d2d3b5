import { Injectable } from '@nestjs/common';
import type { Mode } from '@sallyport/kernel';
import { checkEnforceable } from '@sallyport/policy';
import type { CompiledPolicy, EnforcementGap } from '@sallyport/policy';
import type { Transaction } from '../db/database.js';
import { Problem } from '../http/problem.js';
import { enforcement, reaches } from './enforcement.js';

/** Of a protocol that is not in the table nothing is known to be enforced. */
const nothing: Mode = { name: 'unknown', enforces: [], gaps: {} };

/** A policy that asks a connection for more than its protocol can do is refused before it is in force. */
@Injectable()
export class Enforceability {
  async gaps(
    from: Pick<Transaction, 'connection'>,
    tenantId: string,
    policies: readonly CompiledPolicy[],
    only?: string,
  ): Promise<readonly EnforcementGap[]> {
    const connections = await from.connection.findMany({
      where: { tenantId, ...(only === undefined ? {} : { name: only }) },
      select: { name: true, environment: true, protocol: true },
    });
    const modesOf = (protocol: string) => enforcement.find((entry) => entry.protocol === protocol)?.modes ?? [nothing];
    const gaps = checkEnforceable(
      policies,
      connections.map((connection) => ({ ...connection, modes: modesOf(connection.protocol) })),
    );
    return gaps.filter(isReached);
  }

  /** @throws Problem, with every row that is missing */
  async check(
    from: Pick<Transaction, 'connection'>,
    tenantId: string,
    policies: readonly CompiledPolicy[],
    only?: string,
  ): Promise<void> {
    const gaps = await this.gaps(from, tenantId, policies, only);
    const [first] = gaps;
    if (first === undefined) return;
    const errors = gaps.slice(0, 50).map((gap) => ({ path: `policies.${gap.policy}`, message: gap.message }));
    throw new Problem('unenforceable', first.message, { errors, facts: { gaps: gaps.slice(0, 50) } });
  }

  /** All policies in force, for when one connection changes under them. */
  async checkPublished(from: Transaction, tenantId: string, connection: string): Promise<void> {
    const sets = await from.policySet.findMany({ where: { tenantId, publishedVersion: { not: null } } });
    const versions = await from.policyVersion.findMany({
      where: { tenantId, OR: sets.map((set) => ({ policySetId: set.id, version: set.publishedVersion ?? 0 })) },
    });
    const policies = versions.flatMap((version) => version.compiled as unknown as readonly CompiledPolicy[]);
    await this.check(from, tenantId, policies, connection);
  }
}

/** Is there anything to enforce in the mode that lacks the control? */
const isReached = ({ protocol, mode, control }: EnforcementGap): boolean =>
  !reaches.some((reach) => reach.protocol === protocol && reach.mode === mode && reach.controls.includes(control));
