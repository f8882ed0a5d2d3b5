import { Inject, Injectable } from '@nestjs/common';
import { slotLeaves } from '@sallyport/policy';
import type { BudgetUse, BudgetWindow } from '@sallyport/policy';
import { Database } from '../db/database.js';

/** Whose count it is. A node that lost what it counted begins another one. */
export interface Counter {
  readonly nodeId: string;
  readonly life: string;
}

/** One slot of one window, as one counter told it. */
export interface UseRow extends Counter, Omit<BudgetWindow, 'measure' | 'window'> {
  readonly measure: string;
  readonly window: bigint;
  readonly slot: bigint;
  readonly used: bigint;
}

/** What is counted together, and what all counters have of it now. */
export interface WindowTotal extends Omit<BudgetWindow, 'measure'> {
  readonly measure: string;
  readonly used: number;
}

export interface TotalsQuery {
  /** As Cedar writes them. */
  readonly principals?: readonly string[] | undefined;
  readonly connection?: string | undefined;
  readonly skip: number;
  readonly take: number;
}

/** Use of budgets, one row for each counter and slot. By the database's clock, which replicas share. */
@Injectable()
export class BudgetUses {
  readonly #database: Database;

  constructor(@Inject(Database) database: Database) {
    this.#database = database;
  }

  /** How many rows were new. Of what is told again, or late, the larger amount stays. */
  async keep(tenantId: string, { nodeId, life }: Counter, uses: readonly BudgetUse[]): Promise<number> {
    const told = uses.flatMap(({ slots, ...of }) =>
      [...slots].map(([slot, used]) => ({ ...of, slot, used, leaves: slotLeaves(of.window, slot) })),
    );
    if (told.length === 0) return 0;
    const rows = await this.#database.$queryRaw<{ isNew: boolean }[]>`
      insert into "BudgetUse" as kept ("tenantId", "nodeId", "life", "connection", "principal", "policy", "measure",
        "window", "slot", "used", "leavesAt", "changedAt")
      select ${tenantId}, ${nodeId}, ${life}, "connection", "principal", "policy", "measure", "window", "slot", "used",
        to_timestamp("leaves" / 1000.0) at time zone 'UTC', clock_timestamp() at time zone 'UTC'
      from jsonb_to_recordset(${JSON.stringify(told)}::jsonb) as told ("connection" text, "principal" text,
        "policy" text, "measure" text, "window" bigint, "slot" bigint, "used" bigint, "leaves" bigint)
      order by "connection", "principal", "policy", "measure", "window", "slot"
      on conflict ("tenantId", "connection", "principal", "policy", "measure", "window", "slot", "nodeId", "life")
      do update set "used" = excluded."used", "changedAt" = excluded."changedAt" where kept."used" < excluded."used"
      returning (xmax = 0) as "isNew"`;
    return rows.filter(({ isNew }) => isNew).length;
  }

  rowsOf(tenantId: string, nodeId: string): Promise<number> {
    return this.#database.budgetUse.count({ where: { tenantId, nodeId } });
  }

  /** All rows of every slot in which something changed within the last so many seconds. */
  changedWithin(tenantId: string, seconds: number): Promise<readonly UseRow[]> {
    return this.#database.$queryRaw<UseRow[]>`
      select u."connection", u."principal", u."policy", u."measure", u."window", u."slot", u."nodeId", u."life", u."used"
      from "BudgetUse" u join (
        select distinct "connection", "principal", "policy", "measure", "window", "slot" from "BudgetUse"
        where "tenantId" = ${tenantId}
          and "changedAt" > clock_timestamp() at time zone 'UTC' - make_interval(secs => ${seconds}::float8)
      ) changed using ("connection", "principal", "policy", "measure", "window", "slot")
      where u."tenantId" = ${tenantId}`;
  }

  /** Every row that counts still. */
  counting(tenantId: string): Promise<readonly UseRow[]> {
    return this.#database.$queryRaw<UseRow[]>`
      select "connection", "principal", "policy", "measure", "window", "slot", "nodeId", "life", "used"
      from "BudgetUse" where "tenantId" = ${tenantId} and "leavesAt" > clock_timestamp() at time zone 'UTC'`;
  }

  async totals(tenantId: string, query: TotalsQuery): Promise<readonly WindowTotal[]> {
    const { principals = null, connection = null, skip, take } = query;
    const rows = await this.#database.$queryRaw<(Omit<WindowTotal, 'window'> & { readonly window: bigint })[]>`
      select "connection", "principal", "policy", "measure", "window",
        least(sum("used"), ${Number.MAX_SAFE_INTEGER})::float8 as "used"
      from "BudgetUse"
      where "tenantId" = ${tenantId} and "leavesAt" > clock_timestamp() at time zone 'UTC'
        and (${principals}::text[] is null or "principal" = any(${principals}))
        and (${connection}::text is null or "connection" = ${connection})
      group by "connection", "principal", "policy", "measure", "window"
      order by "connection", "principal", "policy", "measure", "window"
      offset ${skip} limit ${take}`;
    return rows.map((row) => ({ ...row, window: Number(row.window) }));
  }

  async forgetOver(): Promise<void> {
    await this.#database.$executeRaw`
      delete from "BudgetUse" where "leavesAt" < clock_timestamp() at time zone 'UTC' - interval '1 minute'`;
  }
}
