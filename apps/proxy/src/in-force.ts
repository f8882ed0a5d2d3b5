import type { Catalog } from '@sallyport/kernel';
import { createOwnVerifier, createVerifier } from '@sallyport/identity';
import type { OwnVerifier, Verifier } from '@sallyport/identity';
import type {
  Chunk,
  ConnectionChunk,
  EndedLoginsChunk,
  IdentityChunk,
  JoinedCatalog,
  Manifest,
  SubagentRecord,
} from '@sallyport/policy';
import { createPlace } from './place.js';
import type { Place } from './place.js';

/** One accepted bundle, read. It never changes; a new bundle is a new object, which keeps what stayed the same. */
export interface InForce {
  readonly manifest: Manifest;
  readonly identity: IdentityChunk;
  /** Ids of logins that were ended: no token under them is good. */
  readonly endedLogins: ReadonlySet<string>;
  readonly verifier: Verifier<SubagentRecord>;
  /** Of tokens that the control plane itself minted. */
  readonly ownVerifier: OwnVerifier;
  connection(name: string): ConnectionChunk | undefined;
  /** One database behind one connection. `undefined`: there is no such connection, or it does not allow that database. */
  place(connection: string, database: string): Place | undefined;
}

/** By digest, read. */
export interface Content {
  readonly chunks: ReadonlyMap<string, Chunk>;
  readonly catalogs: ReadonlyMap<string, Pick<JoinedCatalog, 'catalog'>>;
}

interface Kept {
  readonly inForce: InForce;
  readonly places: Map<string, Place>;
}

const kept = new WeakMap<InForce, Kept>();

const ended = new WeakMap<EndedLoginsChunk, ReadonlySet<string>>();

/** The same set while the chunk stays the same. */
const endedIn = (chunk: EndedLoginsChunk): ReadonlySet<string> => {
  const known = ended.get(chunk) ?? new Set(chunk.ids);
  ended.set(chunk, known);
  return known;
};

const verifiersOf = ({ verifier, ownVerifier }: InForce) => ({ verifier, ownVerifier });

const verifiersFor = (identity: IdentityChunk) => {
  const { issuer, keys } = identity.own;
  return {
    verifier: createVerifier(identity),
    ownVerifier: createOwnVerifier({ issuer, keys: keys.map((key) => ({ ...key })) }),
  };
};

/** Throws when a chunk that the manifest names is not there: nothing of half a bundle comes into force. */
export const createInForce = (
  manifest: Manifest,
  { chunks, catalogs: joined }: Content,
  before: InForce | undefined,
): InForce => {
  let identity: IdentityChunk = { issuers: [], own: { issuer: '', keys: [] }, subagents: [], users: [] };
  let endedLogins: ReadonlySet<string> = new Set();
  const connections = new Map<string, ConnectionChunk>();
  const catalogs = new Map<string, Catalog>();
  for (const { kind, name, digest } of manifest.chunks) {
    const chunk = chunks.get(digest);
    if (chunk?.kind !== kind) throw new Error(`the bundle lacks its chunk ${kind} ${name}`);
    switch (chunk.kind) {
      case 'identity':
        identity = chunk.value;
        break;
      case 'ended_logins':
        endedLogins = endedIn(chunk.value);
        break;
      case 'connection':
        connections.set(name, chunk.value);
        break;
      case 'catalog': {
        const found = joined.get(digest);
        if (found === undefined) throw new Error(`the bundle lacks parts of its catalog ${name}`);
        catalogs.set(name, found.catalog);
        break;
      }
      case 'catalog_part':
      case 'agent_connection':
      case 'proxies':
        break;
    }
  }
  const former = before && kept.get(before);
  const places = new Map<string, Place>();
  const inForce: InForce = {
    manifest,
    identity,
    endedLogins,
    ...(former?.inForce.identity === identity ? verifiersOf(former.inForce) : verifiersFor(identity)),
    connection: (name) => connections.get(name),
    place(name, database) {
      const key = `${name}/${database}`;
      const known = places.get(key);
      if (known !== undefined) return known;
      const connection = connections.get(name);
      if (connection === undefined) return undefined;
      if (database !== connection.database && !connection.databases.includes(database)) return undefined;
      const catalog = catalogs.get(key);
      const old = former?.places.get(key);
      const place = old?.source === connection && old.catalog === catalog ? old : createPlace(connection, catalog);
      places.set(key, place);
      return place;
    },
  };
  kept.set(inForce, { inForce, places });
  return inForce;
};
