import type { Catalog } from '@sallyport/kernel';
import { CatalogReport } from '@sallyport/contracts';
import { canonicalJson } from '@sallyport/policy/bundle';
import type { AgentConnectionChunk } from '@sallyport/policy/bundle';
import type { Logger } from '@sallyport/runtime';
import { readCatalog } from './catalog.js';
import { withCatalogClient } from './catalog-client.js';
import type { Credentials } from './credentials/credentials.js';

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
  read(connection: string, database: string): void;
  stop(): void;
}

interface Place {
  readonly connection: AgentConnectionChunk;
  readonly database: string;
  /** Of what was last reported. */
  fingerprint: string | undefined;
  reading: boolean;
  /** Asked for while reading: what is being read may be older than the asking. */
  again: boolean;
  timer: NodeJS.Timeout | undefined;
  gone: boolean;
}

export function createCatalogs({ credentials, ca, interval, report, log }: CatalogsInput): Catalogs {
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
    const { connection, database } = place;
    try {
      const credential = await credentials.read(connection.credential);
      const reading = await withCatalogClient({ connection, database, credential, ca }, (client) =>
        readCatalog(client, place.fingerprint),
      );
      place.fingerprint = reading.fingerprint;
      if (reading.catalog !== undefined && !place.gone) send(place, reading.catalog);
    } catch (error) {
      place.fingerprint = undefined;
      // The next look asks for the credential anew.
      if (codeOf(error)?.startsWith('28') === true) credentials.refused(connection.credential);
      // A driver's words may repeat what the target said; the code is enough to act on.
      const code = codeOf(error);
      const problem = code === undefined ? 'the catalog cannot be read' : `the catalog cannot be read (${code})`;
      log.warn({ connection: connection.name, database, code }, problem);
      if (place.gone) return;
      report(CatalogReport.fromPartial({ connection: connection.name, database, problem }));
    } finally {
      place.reading = false;
      const soon = place.again;
      place.again = false;
      if (!place.gone) place.timer = setTimeout(() => void look(place), soon ? 0 : interval).unref();
    }
  };

  const send = ({ connection, database }: Place, catalog: Catalog): void => {
    const content = canonicalJson(catalog);
    if (!content.ok) throw new RangeError('the catalog cannot be written down');
    log.info({ connection: connection.name, database, relations: catalog.relations.length }, 'catalog read');
    report(
      CatalogReport.fromPartial({ connection: connection.name, database, content: Buffer.from(content.text, 'utf8') }),
    );
  };

  const leave = (key: string, place: Place): void => {
    place.gone = true;
    clearTimeout(place.timer);
    places.delete(key);
  };

  return {
    serve: (connections) => {
      const wanted = new Map<string, Omit<Place, 'fingerprint' | 'reading' | 'again' | 'timer' | 'gone'>>();
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
          reading: false,
          again: false,
          timer: undefined,
          gone: false,
        };
        places.set(key, place);
        void look(place);
      }
    },
    read: (connection, database) => {
      const place = places.get(keyOf(connection, database));
      if (place !== undefined) void look(place);
    },
    stop: () => {
      for (const [key, place] of [...places]) leave(key, place);
    },
  };
}

/** An SQLSTATE or a system error's name. The target writes the former: whatever does not look like one is its own words. */
function codeOf(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && /^(?:(?=.*\d)[0-9A-Z]{5}|E[A-Z]{3,20})$/.test(code) ? code : undefined;
}
