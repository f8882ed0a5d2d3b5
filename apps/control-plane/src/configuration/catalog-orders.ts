import { z } from 'zod';

/** Postgres channel on which replicas hear that agents must look at a catalog; the ones that serve the agents tell them. */
export const readCatalogChannel = 'sallyport_read_catalog';

export const readCatalogOrder = z.object({
  ...{ tenantId: z.string(), connection: z.string(), database: z.string() },
  ...{ move: z.number(), whole: z.boolean() },
});

/** The same for looks at values. */
export const sampleColumnsChannel = 'sallyport_sample_columns';

export const sampleColumnsOrder = z.object({ tenantId: z.string(), connection: z.string(), database: z.string() });
