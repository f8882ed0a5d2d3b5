import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../db/database.js';
import type { Prisma } from '../db/generated/client.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import { RefusalBudget } from './refusal-budget.js';
import { withoutSecrets } from './without-secrets.js';

/** Somebody who was not let in over REST. There is no place for a token in it. */
export interface Refusal {
  readonly tenantId: string;
  readonly route: string;
  readonly outcome: 'unauthenticated' | 'forbidden' | 'too_many_requests';
  /** Why, for the auditor; the caller hears the same words whatever it is. */
  readonly cause: string;
  readonly address: string;
  /** Whose token it was, where that is known. */
  readonly user: { readonly id: string | null; readonly name: string } | undefined;
  /** What a refused token said of itself; nobody verified it. */
  readonly claimed: { readonly issuer: string; readonly subject: string } | undefined;
}

const flushEvery = 5_000;

/**
 * Keeps refused logins and missing rights among the admin actions. The first of a kind is kept before it is answered;
 * its like are counted for a minute and added to it. What comes in can be a flood, so what is written is bounded.
 */
@Injectable()
export class RefusedAccess implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #database: Database;
  readonly #log: Log;
  /** Apart, so that a stranger's flood hides nothing of what people try, nor the other way round. */
  readonly #budgets = { strangers: new RefusalBudget(), people: new RefusalBudget() };
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  constructor(@Inject(Database) database: Database, @Inject(LOG) log: Log) {
    this.#database = database;
    this.#log = log;
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.flush(), flushEvery).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** Never fails: who is refused is refused, whether or not it could be kept. */
  async record(refusal: Refusal): Promise<void> {
    const { tenantId, route, outcome, cause, address, user } = refusal;
    const isKnown = outcome === 'forbidden';
    const key = JSON.stringify([tenantId, outcome, cause, address, user?.name, isKnown ? route : '']);
    const entry = this.#budgets[isKnown ? 'people' : 'strangers'].count(key, Date.now());
    if (!entry.isNew) return;
    try {
      await this.#database.adminAction.create({
        data: rowOf(entry.isOverflow ? overflow(refusal) : refusal, entry.id),
      });
    } catch (problem) {
      this.#log.warn({ outcome, cause, problem: codeOf(problem) }, 'a refused access could not be kept');
    }
  }

  /** Writes how often each came by now. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(async () => {
      const { strangers, people } = this.#budgets;
      const now = Date.now();
      for (const { id, times } of [...strangers.take(now), ...people.take(now)])
        await this.#database.$executeRaw`
          update "AdminAction" set "detail" = jsonb_set("detail", '{times}', to_jsonb(${times}::int))
          where "id" = ${id}`;
    });
    return (this.#flushing = this.#flushing.catch((problem: unknown) => {
      this.#log.warn({ problem: codeOf(problem) }, 'repeated refusals could not be counted');
    }));
  }
}

const overflow = ({ tenantId, outcome }: Refusal): Refusal => ({
  tenantId,
  outcome,
  route: '',
  cause: 'more_than_are_kept',
  address: '',
  user: undefined,
  claimed: undefined,
});

const rowOf = (
  { tenantId, route, outcome, cause, address, user, claimed }: Refusal,
  id: string,
): Prisma.AdminActionCreateManyInput => ({
  id,
  tenantId,
  userId: user?.id ?? null,
  userName: user?.name ?? '',
  action: route,
  noun: route.split('/')[2] ?? '',
  outcome,
  detail: withoutSecrets({ cause, address, claimed: claimed ?? null, times: 1 }) as Prisma.InputJsonObject,
});

const codeOf = (problem: unknown): string =>
  problem instanceof Error && 'code' in problem ? String(problem.code) : 'unknown';
