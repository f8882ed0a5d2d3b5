import type { Catalog } from '@sallyport/kernel';
import type { Client } from 'pg';
import { readCatalog } from '../../agent/src/catalog.js';

/** As an agent reads it. What is reported about the session comes with its next answer, so it is asked something first. */
export const agentsCatalog = async (client: Client): Promise<Catalog> => {
  await client.query('begin');
  await client.query('rollback');
  const { catalog } = await readCatalog(client, undefined);
  if (catalog === undefined) throw new Error('no catalog');
  return catalog;
};
