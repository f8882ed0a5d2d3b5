import { canonicalJson } from './canonical.js';
import type { Chunk, ChunkKind, ChunkReference, Manifest } from './chunks.js';
import { decodeChunk, decodeManifest } from './codec.js';

export type ManifestRefusal =
  | 'unsigned' // no signature, or not this tenant's key
  | 'malformed' // unknown kind or field, not canonical
  | 'other_tenant'
  | 'expired'
  | 'older'
  | 'conflict'; // the same version with other content

export type AcceptedManifest =
  | { readonly kind: 'accepted'; readonly manifest: Manifest }
  | { readonly kind: 'refused'; readonly reason: ManifestRefusal; readonly message: string };

export interface ManifestCandidate {
  /** The manifest's exact bytes, as they came; they are what is signed. */
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  readonly keyId: string;
}

export interface AcceptManifestInput {
  /** The one in force, if any. */
  readonly current: Manifest | undefined;
  readonly candidate: ManifestCandidate;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly tenant: string;
  /** Ed25519 over the bytes, with the key that this id names among the pinned ones. */
  readonly verify: (candidate: ManifestCandidate) => boolean;
}

/** Nothing of a manifest is read before its signature holds. Whoever refuses keeps the last good one and raises an alarm. */
export const acceptManifest = ({ current, candidate, now, tenant, verify }: AcceptManifestInput): AcceptedManifest => {
  const refused = (reason: ManifestRefusal, message: string): AcceptedManifest => ({
    kind: 'refused',
    reason,
    message,
  });
  if (candidate.signature.length === 0 || !verified(verify, candidate)) {
    return refused('unsigned', 'the signature does not hold');
  }
  const decoded = decodeManifest(candidate.bytes);
  if (!decoded.ok) return refused('malformed', decoded.problem);
  const manifest = decoded.value;
  if (manifest.tenant !== tenant) return refused('other_tenant', 'the manifest is for another tenant');
  if (!(manifest.notAfter > now)) return refused('expired', 'the manifest has expired');
  const names = new Set(manifest.chunks.map(({ kind, name }) => `${kind} ${name}`));
  if (names.size !== manifest.chunks.length) return refused('malformed', 'two chunks have the same name');
  if (!current) return { kind: 'accepted', manifest };
  if (manifest.version < current.version) {
    return refused('older', `version ${manifest.version} is older than ${current.version}`);
  }
  // The same version may be signed again with a later end; its content may not change.
  if (manifest.version === current.version && !renews(manifest, current)) {
    return refused('conflict', `version ${manifest.version} is already in force with other content`);
  }
  return { kind: 'accepted', manifest };
};

const verified = (verify: AcceptManifestInput['verify'], candidate: ManifestCandidate): boolean => {
  try {
    // Whatever is not exactly true is no.
    return verify(candidate) === true;
  } catch {
    return false;
  }
};

const renews = (manifest: Manifest, current: Manifest): boolean => {
  if (manifest.issuedAt < current.issuedAt || manifest.notAfter < current.notAfter) return false;
  const content = (each: Manifest) => canonicalJson({ ...each, issuedAt: 0, notAfter: 0 });
  const [mine, theirs] = [content(manifest), content(current)];
  return mine.ok && theirs.ok && mine.text === theirs.text;
};

/** What must still be fetched to put a manifest in force. */
export const missingChunks = (manifest: Manifest, have: ReadonlySet<string>): readonly ChunkReference[] => {
  const wanted = new Map(manifest.chunks.map((reference) => [reference.digest, reference]));
  return [...wanted.values()].filter(({ digest }) => !have.has(digest));
};

export type AcceptedChunk<K extends ChunkKind = ChunkKind> =
  | { readonly kind: 'accepted'; readonly chunk: Extract<Chunk, { kind: K }> }
  | { readonly kind: 'refused'; readonly message: string };

/** A chunk is taken only under the digest and name that a signed manifest gives it. */
export const acceptChunk = ({
  reference,
  bytes,
  sha256,
}: {
  readonly reference: ChunkReference;
  readonly bytes: Uint8Array;
  /** Lower-case hex. */
  readonly sha256: (bytes: Uint8Array) => string;
}): AcceptedChunk => {
  const refused = (problem: string): AcceptedChunk => ({
    kind: 'refused',
    message: `${reference.kind} ${reference.name}: ${problem}`,
  });
  if (sha256(bytes) !== reference.digest) return refused('its content is not what its digest says');
  switch (reference.kind) {
    case 'identity': {
      const decoded = decodeChunk('identity', bytes);
      return decoded.ok
        ? { kind: 'accepted', chunk: { kind: 'identity', value: decoded.value } }
        : refused(decoded.problem);
    }
    case 'ended_logins': {
      const decoded = decodeChunk('ended_logins', bytes);
      return decoded.ok
        ? { kind: 'accepted', chunk: { kind: 'ended_logins', value: decoded.value } }
        : refused(decoded.problem);
    }
    case 'connection': {
      const decoded = decodeChunk('connection', bytes);
      if (!decoded.ok) return refused(decoded.problem);
      if (decoded.value.name !== reference.name) return refused('it is of another connection');
      return { kind: 'accepted', chunk: { kind: 'connection', value: decoded.value } };
    }
    case 'catalog': {
      const decoded = decodeChunk('catalog', bytes);
      if (!decoded.ok) return refused(decoded.problem);
      if (!reference.name.endsWith(`/${decoded.value.database}`)) return refused('it is of another database');
      return { kind: 'accepted', chunk: { kind: 'catalog', value: decoded.value } };
    }
    case 'catalog_part': {
      const decoded = decodeChunk('catalog_part', bytes);
      return decoded.ok
        ? { kind: 'accepted', chunk: { kind: 'catalog_part', value: decoded.value } }
        : refused(decoded.problem);
    }
    case 'agent_connection': {
      const decoded = decodeChunk('agent_connection', bytes);
      if (!decoded.ok) return refused(decoded.problem);
      if (decoded.value.name !== reference.name) return refused('it is of another connection');
      return { kind: 'accepted', chunk: { kind: 'agent_connection', value: decoded.value } };
    }
    case 'proxies': {
      const decoded = decodeChunk('proxies', bytes);
      return decoded.ok
        ? { kind: 'accepted', chunk: { kind: 'proxies', value: decoded.value } }
        : refused(decoded.problem);
    }
  }
};
