import { Inject, Injectable } from '@nestjs/common';
import { budgetMeasures, limitsOf } from '@sallyport/policy';
import { z } from 'zod';
import { Hub } from '../configuration/hub.js';
import { decodeCountCursor, pageQuery, toPage } from '../http/page.js';
import type { Page } from '../http/page.js';
import { line } from '../http/text.js';
import { BudgetUses } from './budget-uses.js';
import type { WindowTotal } from './budget-uses.js';

export const budgetQuery = z.strictObject({
  ...pageQuery.shape,
  principal: line(200).optional().describe('Name of the caller, or of somebody on whose behalf it acts.'),
  connection: line(200).optional(),
});
export type BudgetQuery = z.infer<typeof budgetQuery>;

export const budgetView = z
  .object({
    principal: z.object({ kind: z.enum(['subagent', 'user', 'other']), name: z.string() }),
    connection: z.string(),
    policy: z.string().describe('The policy whose `@budget` it is.'),
    measure: z.string().meta({ enum: [...budgetMeasures] }),
    window: z.number().describe('Its length, seconds.'),
    used: z.int().describe('In the window that ends now, over all proxies.'),
    limit: z.int().nullable().describe('null: no policy in force limits this any more.'),
    remaining: z.int().nullable(),
  })
  .meta({ id: 'Budget' });
export type BudgetView = z.input<typeof budgetView>;

/** What is used of budgets now: reading only. */
@Injectable()
export class BudgetsService {
  readonly #uses: BudgetUses;
  readonly #hub: Hub;

  constructor(@Inject(BudgetUses) uses: BudgetUses, @Inject(Hub) hub: Hub) {
    this.#uses = uses;
    this.#hub = hub;
  }

  async list(tenantId: string, { principal, connection, limit, cursor }: BudgetQuery): Promise<Page<BudgetView>> {
    const skip = cursor === undefined ? 0 : decodeCountCursor(cursor);
    const principals = principal === undefined ? undefined : [`Subagent::"${principal}"`, `User::"${principal}"`];
    const rows = await this.#uses.totals(tenantId, { principals, connection, skip, take: limit + 1 });
    const limits = await this.#limits(tenantId);
    return toPage(
      rows,
      limit,
      () => [String(skip + limit)],
      (row) => {
        const most = limits.get(nameOf(row));
        return {
          principal: principalOf(row.principal),
          connection: row.connection,
          policy: row.policy,
          measure: row.measure,
          window: row.window / 1_000,
          used: row.used,
          limit: most ?? null,
          remaining: most === undefined ? null : Math.max(0, most - row.used),
        };
      },
    );
  }

  async #limits(tenantId: string): Promise<ReadonlyMap<string, number>> {
    const limits = new Map<string, number>();
    for (const { name: connection, policies } of await this.#hub.connections(tenantId))
      for (const policy of policies)
        for (const { measure, window, limit } of limitsOf(policy))
          limits.set(nameOf({ connection, policy: policy.id, measure, window }), limit);
    return limits;
  }
}

const nameOf = ({
  connection,
  policy,
  measure,
  window,
}: Pick<WindowTotal, 'connection' | 'policy' | 'measure' | 'window'>): string =>
  JSON.stringify([connection, policy, measure, window]);

/** From Cedar's way of writing it. */
const principalOf = (text: string): BudgetView['principal'] => {
  const [, type, name = text] = /^(Subagent|User)::"(.*)"$/s.exec(text) ?? [];
  return { kind: type === 'Subagent' ? 'subagent' : type === 'User' ? 'user' : 'other', name };
};
