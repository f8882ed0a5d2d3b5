import { SampleReport } from '@sallyport/contracts';
import type { SampleColumns } from '@sallyport/contracts';
import { createDetectors, detectorClasses } from '@sallyport/masking/detect';
import type { AgentConnectionChunk } from '@sallyport/policy/bundle';
import type { Logger } from '@sallyport/runtime';
import { withCatalogClient } from './catalog-client.js';
import type { Credentials } from './credentials/credentials.js';
import { sampleColumns } from './sample.js';

export interface SamplesInput {
  readonly credentials: Pick<Credentials, 'read'>;
  readonly ca: string | undefined;
  readonly connection: (name: string) => AgentConnectionChunk | undefined;
  readonly report: (report: SampleReport) => void;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Samples of values, on order. They never leave this process: only verdicts do. */
export interface Samples {
  take(order: SampleColumns): Promise<void>;
}

export function createSamples({ credentials, ca, connection: named, report, log }: SamplesInput): Samples {
  const running = new Set<string>();
  const detectors = createDetectors(detectorClasses);
  return {
    async take({ connection: name, database }) {
      const key = JSON.stringify([name, database]);
      const connection = named(name);
      if (connection?.databases.includes(database) !== true || running.has(key)) return;
      if (connection.sampling !== true) {
        // What the signed bundle does not allow nobody can order.
        const problem = 'the connection does not allow it, or its agent has not heard yet that it does: order it again';
        return report(SampleReport.fromPartial({ connection: name, database, problem }));
      }
      running.add(key);
      try {
        const credential = await credentials.read(connection.credential);
        const verdicts = await withCatalogClient({ connection, database, credential, ca }, (client) =>
          sampleColumns({ client, detectors, monotonic: () => performance.now() }),
        );
        log.info({ connection: name, database, verdicts: verdicts.length }, 'columns sampled');
        report(SampleReport.fromPartial({ connection: name, database, verdicts: [...verdicts] }));
      } catch {
        // A driver's words may repeat what the target said, and here that is values.
        const problem = 'columns cannot be sampled';
        log.warn({ connection: name, database }, problem);
        report(SampleReport.fromPartial({ connection: name, database, problem }));
      } finally {
        running.delete(key);
      }
    },
  };
}
