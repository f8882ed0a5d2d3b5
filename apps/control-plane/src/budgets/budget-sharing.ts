import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { BudgetReport, BudgetTotals, BudgetUse } from '@sallyport/contracts';
import { mostToldUses, readUses } from '@sallyport/policy';
import type { NodePeer } from '../grpc/access.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { BudgetUses } from './budget-uses.js';
import type { UseRow } from './budget-uses.js';

/** A proxy that is connected to this replica. */
export interface Listener {
  readonly peer: NodePeer;
  send(message: { readonly $case: 'budgetTotals'; readonly value: BudgetTotals }): void;
}

interface Told {
  readonly life: string;
  /** Rows that its node has. `undefined`: to be counted again. */
  rows: number | undefined;
}

const interval = 1_000;
/** What was written before the last look and seen by nobody then: its transaction was not over. */
const overlap = 3;
const cleaning = 60_000;
/** Of one node: a hostile one must not fill the database. */
const mostRows = 200_000;
const lifeForm = /^[0-9A-Za-z_-]{1,64}$/;

/** What proxies used of budgets: kept from each, told to all the others, also to those of other replicas. */
@Injectable()
export class BudgetSharing implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #uses: BudgetUses;
  readonly #log: Log;
  readonly #listeners = new Map<Listener, Told>();
  readonly #gone = new WeakSet<Listener>();
  #timers: readonly NodeJS.Timeout[] = [];
  #lookedAt = performance.now();
  #looking: Promise<void> | undefined;

  constructor(@Inject(BudgetUses) uses: BudgetUses, @Inject(LOG) log: Log) {
    this.#uses = uses;
    this.#log = log;
  }

  onApplicationBootstrap(): void {
    const look = setInterval(() => {
      this.#looking ??= this.#look()
        .catch((cause: unknown) => this.#report(cause))
        .finally(() => (this.#looking = undefined));
    }, interval);
    const clean = setInterval(() => {
      for (const told of this.#listeners.values()) told.rows = undefined;
      this.#uses.forgetOver().catch((cause: unknown) => this.#report(cause));
    }, cleaning);
    this.#timers = [look.unref(), clean.unref()];
  }

  async onApplicationShutdown(): Promise<void> {
    this.#timers.forEach(clearInterval);
    await this.#looking;
  }

  /** Answered when it is kept. Who could not be answered tells it again. */
  async heard(listener: Listener, report: BudgetReport): Promise<void> {
    const { peer } = listener;
    const { number: reported, life, uses } = report;
    const refuse = (reason: string): void => {
      this.#log.warn({ node: peer.name, reason }, 'a report of budgets was not kept');
      listener.send({ $case: 'budgetTotals', value: { reported, refused: reason, uses: [] } });
    };
    if (!lifeForm.test(life)) return refuse('a count without a name');
    const read = readUses(uses, Date.now());
    if (read.kind === 'refused') return refuse(read.reason);
    const known = this.#listeners.get(listener);
    const told = known?.life === life ? known : { life, rows: undefined };
    told.rows ??= await this.#uses.rowsOf(peer.tenantId, peer.nodeId);
    const more = read.uses.reduce((sum, { slots }) => sum + slots.size, 0);
    if (told.rows + more > mostRows) return refuse(`more than ${mostRows} amounts of one node`);
    told.rows += await this.#uses.keep(peer.tenantId, { nodeId: peer.nodeId, life }, read.uses);
    listener.send({ $case: 'budgetTotals', value: { reported, refused: '', uses: [] } });
    if (told === known || this.#gone.has(listener)) return;
    this.#listeners.set(listener, told);
    this.#tell(listener, told, await this.#uses.counting(peer.tenantId));
  }

  left(listener: Listener): void {
    this.#gone.add(listener);
    this.#listeners.delete(listener);
  }

  async #look(): Promise<void> {
    const now = performance.now();
    const tenants = new Set([...this.#listeners.keys()].map(({ peer }) => peer.tenantId));
    const seconds = (now - this.#lookedAt) / 1_000 + overlap;
    for (const tenantId of tenants) {
      const rows = await this.#uses.changedWithin(tenantId, seconds);
      for (const [listener, told] of this.#listeners)
        if (listener.peer.tenantId === tenantId) this.#tell(listener, told, rows);
    }
    this.#lookedAt = now;
  }

  #tell(listener: Listener, { life }: Told, rows: readonly UseRow[]): void {
    const { nodeId } = listener.peer;
    const uses = sumsOf(rows.filter((row) => row.nodeId !== nodeId || row.life !== life));
    for (let at = 0; at < uses.length; at += mostToldUses) {
      const value = { reported: 0, refused: '', uses: uses.slice(at, at + mostToldUses) };
      listener.send({ $case: 'budgetTotals', value });
    }
  }

  #report(cause: unknown): void {
    this.#log.error({ cause: cause instanceof Error ? cause.message.slice(0, 1_000) : 'unknown' }, 'budgets failed');
  }
}

const sumsOf = (rows: readonly UseRow[]): readonly BudgetUse[] => {
  const windows = new Map<string, { readonly of: UseRow; readonly slots: Map<number, number> }>();
  for (const row of rows) {
    const key = JSON.stringify([row.connection, row.principal, row.policy, row.measure, Number(row.window)]);
    const known = windows.get(key) ?? { of: row, slots: new Map<number, number>() };
    windows.set(key, known);
    const slot = Number(row.slot);
    known.slots.set(slot, Math.min(Number.MAX_SAFE_INTEGER, (known.slots.get(slot) ?? 0) + Number(row.used)));
  }
  return [...windows.values()].map(({ of: { connection, principal, policy, measure, window }, slots }) => ({
    connection,
    principal,
    policy,
    measure,
    window: Number(window),
    slots: [...slots].map(([number, used]) => ({ number, used })),
  }));
};
