import { Inject, Injectable } from '@nestjs/common';
import type { SampleReport } from '@sallyport/contracts';
import { detectorClasses } from '@sallyport/masking';
import { mintId } from '@sallyport/runtime';
import { z } from 'zod';
import { Database } from '../db/database.js';
import type { NodePeer } from '../grpc/access.js';
import { LOG } from '../log.js';
import type { Log } from '../log.js';
import type { Compiled } from './compile.js';

const name = z
  .string()
  .min(1)
  .max(255)
  .refine((given) => !given.includes('\0') && given.isWellFormed());
const percent = z.int().min(0).max(100);
/** Nothing else comes through: no field in it can hold a value of the target's rows. */
const verdicts = z
  .array(
    z.object({
      ...{ schema: name, table: name, column: name, class: z.enum(detectorClasses) },
      ...{ share: percent, sampled: z.int().min(1).max(10_000) },
    }),
  )
  .max(20_000);

/** What detectors of agents found in sampled columns; the newest of a database replaces what was found before. */
@Injectable()
export class Findings {
  readonly #database: Database;
  readonly #log: Log;

  constructor(@Inject(Database) database: Database, @Inject(LOG) log: Log) {
    this.#database = database;
    this.#log = log;
  }

  async report({ tenantId, name: agent }: NodePeer, report: SampleReport, { connections }: Compiled): Promise<void> {
    const { database, problem } = report;
    const connection = connections.get(report.connection);
    const serves = connection?.agents.includes(agent) === true;
    if (!serves || ![connection.database, ...connection.databases].includes(database))
      return this.#log.warn({ agent }, 'samples of something that this agent does not serve were dropped');
    const place = { tenantId, connectionId: connection.id, database };
    const read = verdicts.safeParse(report.verdicts);
    const failed = problem !== '' ? safe(problem) : read.success ? null : 'what its agent sends are no verdicts';
    await this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.catalogSnapshot.updateMany({
        where: { ...place, connection: { sampling: true } },
        data: failed === null ? { sampledAt: new Date(), sampleProblem: null } : { sampleProblem: failed },
      });
      if (count === 0 || failed !== null || !read.success) return;
      await transaction.columnFinding.deleteMany({ where: place });
      const data = read.data.map((verdict) => ({ ...place, ...verdict, id: mintId('fnd') }));
      await transaction.columnFinding.createMany({ data, skipDuplicates: true });
    });
  }
}

const safe = (said: string): string => said.slice(0, 1_000).replaceAll('\0', '').toWellFormed();
