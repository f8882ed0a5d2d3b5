import { createHash } from 'node:crypto';
import type { Catalog } from '@sallyport/kernel';
import { CatalogReport } from '@sallyport/contracts';
import { encodeCatalog } from '@sallyport/policy/bundle';
import type { AgentConnectionChunk, EncodedCatalog } from '@sallyport/policy/bundle';
import { inSlices } from '@sallyport/runtime';
import type { Logger } from '@sallyport/runtime';
import { readCatalog } from './catalog.js';
import { withCatalogClient } from './catalog-client.js';
import type { Credentials } from './credentials/credentials.js';
import { UnbelievableCatalog } from './unbelievable-catalog.js';

export interface CatalogsInput {
  readonly credentials: Credentials;
  readonly ca: string | undefined;
  /** Milliseconds between two looks at each database. */
  readonly interval: number;
  readonly report: (report: CatalogReport) => void;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Keeps the control plane's picture of each target fresh: at once, on request, and on a schedule. */
export interface Catalogs {
  serve(connections: ReadonlyMap<string, AgentConnectionChunk>): void;
  /** Something may have moved: look again now. */
  read(order: CatalogOrder): void;
  stop(): void;
}

export interface CatalogOrder {
  readonly connection: string;
  readonly database: string;
  /** Counts what may have moved the catalog. */
  readonly move: number;
  /** Report it though it is as it was. */
  readonly whole: boolean;
}

interface Place {
  readonly connection: AgentConnectionChunk;
  readonly database: string;
  /** Of what was last reported. */
  fingerprint: string | undefined;
  digest: string;
  /** Digests of its parts: they were sent, and need not be again. */
  parts: ReadonlySet<string>;
  /** The next report is of all of it. */
  whole: boolean;
  /** Of the newest order, and of the newest one that a good look began after. */
  move: number;
  answered: number;
  reading: boolean;
  /** Asked for while reading: what is being read may be older than the asking. */
  again: boolean;
  timer: NodeJS.Timeout | undefined;
  gone: boolean;
}

/** What moved must be known soon: until then everything at the place is doubtful. */
const impatience = 5_000;

export function createCatalogs(input: CatalogsInput): Catalogs {
  const { credentials, ca, interval, log } = input;
  const places = new Map<string, Place>();
  const keyOf = (connection: string, database: string): string => `${connection}/${database}`;

  const look = async (place: Place): Promise<void> => {
    if (place.gone) return;
    if (place.reading) {
      place.again = true;
      return;
    }
    place.reading = true;
    clearTimeout(place.timer);
    const { connection, database, move } = place;
    const { whole } = place;
    const known = whole ? undefined : place.fingerprint;
    place.whole = false;
    const head = { connection: connection.name, database, move };
    const tell = (report: Partial<CatalogReport>): void => {
      if (!place.gone) input.report(CatalogReport.fromPartial({ ...head, ...report }));
    };
    try {
      const credential = await credentials.read(connection.credential);
      const reading = await withCatalogClient({ connection, database, credential, ca }, (client) =>
        readCatalog(client, known),
      );
      if (reading.catalog === undefined) tell({ unchanged: place.digest });
      else {
        const { digest, head, parts } = await encoded(reading.catalog);
        const fresh = [...parts].filter(([part]) => whole || !place.parts.has(part)).map(([, bytes]) => bytes);
        const { length: relations } = reading.catalog.relations;
        log.info(
          { connection: connection.name, database, relations, parts: parts.size, sent: fresh.length },
          'catalog read',
        );
        place.digest = digest;
        place.parts = new Set(parts.keys());
        tell({ content: Buffer.from(head), parts: fresh.map((bytes) => Buffer.from(bytes)) });
      }
      place.fingerprint = reading.fingerprint;
      place.answered = move;
    } catch (error) {
      place.fingerprint = undefined;
      if (error instanceof UnbelievableCatalog) {
        log.warn({ connection: connection.name, database }, error.message);
        return tell({ problem: error.message, refused: true });
      }
      // The next look asks for the credential anew.
      if (codeOf(error)?.startsWith('28') === true) credentials.refused(connection.credential);
      // A driver's words may repeat what the target said; the code is enough to act on.
      const code = codeOf(error);
      const problem = code === undefined ? 'the catalog cannot be read' : `the catalog cannot be read (${code})`;
      log.warn({ connection: connection.name, database, code }, problem);
      tell({ problem });
    } finally {
      place.reading = false;
      const wait = place.again ? 0 : place.answered < place.move ? Math.min(interval, impatience) : interval;
      place.again = false;
      if (!place.gone) place.timer = setTimeout(() => void look(place), wait).unref();
    }
  };

  const leave = (key: string, place: Place): void => {
    place.gone = true;
    clearTimeout(place.timer);
    places.delete(key);
  };

  return {
    serve: (connections) => {
      const wanted = new Map<string, Pick<Place, 'connection' | 'database'>>();
      for (const connection of connections.values())
        if (connection.protocol === 'postgres')
          for (const database of connection.databases)
            wanted.set(keyOf(connection.name, database), { connection, database });
      for (const [key, place] of places) {
        const same = JSON.stringify(wanted.get(key)?.connection) === JSON.stringify(place.connection);
        if (!same) leave(key, place);
      }
      for (const [key, { connection, database }] of wanted) {
        if (places.has(key)) continue;
        const place: Place = {
          connection,
          database,
          fingerprint: undefined,
          digest: '',
          parts: new Set(),
          whole: false,
          move: 0,
          answered: 0,
          reading: false,
          again: false,
          timer: undefined,
          gone: false,
        };
        places.set(key, place);
        void look(place);
      }
    },
    read: ({ connection, database, move, whole }) => {
      const place = places.get(keyOf(connection, database));
      if (place === undefined) return;
      place.move = Math.max(place.move, move);
      place.whole ||= whole;
      void look(place);
    },
    stop: () => {
      for (const [key, place] of [...places]) leave(key, place);
    },
  };
}

/** Sessions of others go on meanwhile. */
async function encoded(catalog: Catalog): Promise<EncodedCatalog> {
  const made = await inSlices(encodeCatalog(catalog, (bytes) => createHash('sha256').update(bytes).digest('hex')));
  if (!made.ok) throw new UnbelievableCatalog(made.problem);
  return made.value;
}

/** An SQLSTATE or a system error's name. The target writes the former: whatever does not look like one is its own words. */
function codeOf(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && /^(?:(?=.*\d)[0-9A-Z]{5}|E[A-Z]{3,20})$/.test(code) ? code : undefined;
}
