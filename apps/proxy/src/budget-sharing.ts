import type { BudgetReport, BudgetTotals } from '@sallyport/contracts';
import type { Clock } from '@sallyport/kernel';
import { mostToldUses, readUses, tellUses } from '@sallyport/policy';
import type { BudgetLedger, ToldUse } from '@sallyport/policy';
import type { Logger } from '@sallyport/runtime';
import type { BudgetJournal } from './budget-journal.js';

export interface BudgetSharingInput {
  readonly ledger: BudgetLedger;
  readonly journal: BudgetJournal;
  readonly life: string;
  readonly clock: Clock;
  /** `false`: the control plane is away. */
  readonly send: (report: BudgetReport) => boolean;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

/** Tells what this proxy used, and learns what the others did. Decisions never wait for it. */
export interface BudgetSharing {
  /** A stream to the control plane was opened: what was told before may not have been heard. */
  connected(): void;
  told(totals: BudgetTotals): void;
  /** Keeps and tells what was used since the last time. */
  tick(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

const interval = 1_000;
/** A report that was not answered for so long is told again, with everything. */
const patience = 5_000;

export const createBudgetSharing = (input: BudgetSharingInput): BudgetSharing => {
  const { ledger, journal, life, clock, send, log } = input;
  let untold: ToldUse[] = [];
  let flying: { readonly number: number; readonly since: number } | undefined;
  let number = 0;
  let timer: NodeJS.Timeout | undefined;
  let ticking: Promise<void> | undefined;
  let unkept = false;
  let everything = false;
  let unheard = '';

  const tell = (uses: readonly ToldUse[]): void => {
    number += 1;
    if (send({ life, number, uses: uses.map((use) => ({ ...use, slots: [...use.slots] })) }))
      flying = { number, since: clock.monotonic() };
  };
  const next = (): void => {
    if (flying === undefined && untold.length > 0) tell(untold.splice(0, mostToldUses));
  };

  const keep = async (whose: 'own' | 'others', uses: ReturnType<BudgetLedger['own']>): Promise<void> => {
    try {
      await journal.append(whose, uses);
      unkept = false;
    } catch (err) {
      if (!unkept) log.error({ err }, 'what budgets were used cannot be kept on disk: a restart would not know it');
      unkept = true;
    }
  };

  const turn = async (): Promise<void> => {
    if (flying !== undefined && clock.monotonic() - flying.since > patience) everything = true;
    const now = clock.now();
    const uses = ledger.own('untold', now);
    const all = everything ? ledger.own('all', now) : undefined;
    everything = false;
    // On disk before anybody else knows it: this proxy must never know less of its own use than others do.
    await keep('own', uses);
    if (all === undefined) untold.push(...tellUses(uses));
    else {
      untold = tellUses(all);
      flying = undefined;
      // An empty one asks for what the others used.
      if (all.length === 0) return tell([]);
    }
    next();
  };

  const sharing: BudgetSharing = {
    connected() {
      everything = true;
      void sharing.tick();
    },
    told({ reported, refused, uses }) {
      if (refused !== '' && refused !== unheard)
        log.error({ reason: refused }, 'the control plane does not count what this proxy used');
      unheard = refused;
      const read = readUses(uses, clock.now());
      if (read.kind === 'refused') log.warn({ reason: read.reason }, 'what others used of budgets cannot be read');
      else {
        ledger.learn(read.uses, clock.now());
        void keep('others', read.uses);
      }
      if (flying?.number !== reported) return;
      flying = undefined;
      next();
    },
    tick() {
      ticking ??= turn().finally(() => (ticking = undefined));
      return ticking;
    },
    start() {
      timer = setInterval(() => void sharing.tick(), interval);
    },
    async stop() {
      clearInterval(timer);
      await ticking;
      await sharing.tick();
      await journal.close();
    },
  };
  return sharing;
};
