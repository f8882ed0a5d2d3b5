import { hash } from 'node:crypto';
import type { Bundle } from '@sallyport/contracts';
import { acceptChunk, acceptManifest, joinCatalog, largestCatalog } from '@sallyport/policy';
import type { CatalogHead, CatalogPart, Chunk, Decoded, JoinedCatalog, ManifestCandidate } from '@sallyport/policy';
import { atOnce, inSlices } from '@sallyport/runtime';
import type { Logger } from '@sallyport/runtime';
import type { BundleFile } from './bundle-file.js';
import { createInForce } from './in-force.js';
import type { InForce } from './in-force.js';

export interface BundlesInput {
  readonly now: () => number;
  readonly file: BundleFile;
  readonly trust: { readonly tenant: () => string; readonly verify: (candidate: ManifestCandidate) => boolean };
  readonly log: Pick<Logger, 'error'>;
}

/** What became of a bundle. */
export interface Taken {
  /** The manifest's. */
  readonly version: number;
  /** Why it is refused. */
  readonly reason?: string;
}

/** Bundles as they come, one after the other: in force as a whole, or not at all. */
export interface Bundles {
  readonly current: InForce | undefined;
  /** Digests of chunks that need not be sent again. */
  readonly held: readonly string[];
  /** In slices: sessions go on while a large catalog is read. */
  take(bundle: Bundle): Promise<Taken>;
  /** What was left on disk; nobody waits for anything else yet. */
  restore(bundle: Bundle): Taken;
  /** What is in force is on disk, or it was told that it is not. */
  written(): Promise<void>;
}

type Raw = Bundle['chunks'][number];

/** Everything of one bundle, read. */
interface Content {
  readonly bundle: Bundle;
  readonly chunks: ReadonlyMap<string, Chunk>;
  /** As they came, but for parts of catalogs. */
  readonly raw: ReadonlyMap<string, Raw>;
  /** By the digest of their chunk. */
  readonly catalogs: ReadonlyMap<string, JoinedCatalog>;
  /** Of all catalogs, by digest: what two of them have in common is there once. */
  readonly parts: ReadonlyMap<string, CatalogPart>;
}

const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

export const createBundles = ({ now, file, trust, log }: BundlesInput): Bundles => {
  let current: InForce | undefined;
  let content: Content | undefined;
  let taking: Promise<unknown> = Promise.resolve();
  let writing: Promise<void> = Promise.resolve();

  /** In slices; half of a bundle changes nothing, nor does a broken one. */
  function* read(bundle: Bundle): Generator<undefined, Taken> {
    const candidate = { bytes: bundle.manifest, signature: bundle.signature, keyId: bundle.keyId };
    const accepted = acceptManifest({
      current: current?.manifest,
      candidate,
      now: now(),
      tenant: trust.tenant(),
      verify: trust.verify,
    });
    if (accepted.kind === 'refused') return { version: 0, reason: `${accepted.reason}: ${accepted.message}` };
    const { manifest } = accepted;
    const refused = (reason: string): Taken => ({ version: manifest.version, reason });
    const came = new Map(bundle.chunks.map((chunk) => [chunk.digest, chunk]));
    const chunks = new Map<string, Chunk>();
    const raw = new Map<string, Raw>();
    const catalogs = new Map<string, JoinedCatalog>();
    const parts = new Map<string, CatalogPart>();
    for (const reference of manifest.chunks) {
      const { digest } = reference;
      const bytes = came.get(digest) ?? content?.raw.get(digest);
      if (bytes === undefined) return refused(`lacks ${reference.kind} ${reference.name}`);
      raw.set(digest, bytes);
      const known = content?.chunks.get(digest);
      if (known?.kind === reference.kind) chunks.set(digest, known);
      else {
        const chunk = acceptChunk({ reference, bytes: bytes.content, sha256 });
        if (chunk.kind === 'refused') return refused(chunk.message);
        chunks.set(digest, chunk.chunk);
      }
      const head = chunks.get(digest);
      if (head?.kind !== 'catalog') continue;
      const before = formerOf(reference.name);
      const joined = catalogs.get(digest) ?? content?.catalogs.get(digest);
      const made: Decoded<JoinedCatalog> =
        joined === undefined ? yield* join(head.value, before, came, parts) : { ok: true, value: joined };
      if (!made.ok) return refused(`catalog ${reference.name}: ${made.problem}`);
      catalogs.set(digest, made.value);
      for (const [each, part] of made.value.parts) parts.set(each, part);
    }
    current = createInForce(manifest, { chunks, catalogs }, current);
    content = { bundle: { ...bundle, chunks: [...raw.values()] }, chunks, raw, catalogs, parts };
    return { version: manifest.version };
  }

  /** The catalog that was in force under a name. */
  const formerOf = (name: string): JoinedCatalog | undefined => {
    const reference = current?.manifest.chunks.find((each) => each.kind === 'catalog' && each.name === name);
    return reference === undefined ? undefined : content?.catalogs.get(reference.digest);
  };

  const join = (
    head: CatalogHead,
    before: JoinedCatalog | undefined,
    came: ReadonlyMap<string, Raw>,
    read: ReadonlyMap<string, CatalogPart>,
  ): Generator<undefined, Decoded<JoinedCatalog>> => {
    let total = 0;
    const part = (digest: string): Decoded<CatalogPart> => {
      const known = content?.parts.get(digest) ?? read.get(digest);
      if (known !== undefined) return { ok: true, value: known };
      const bytes = came.get(digest)?.content;
      if (bytes === undefined) return { ok: false, problem: 'it is not there' };
      total += bytes.length;
      if (total > largestCatalog) return { ok: false, problem: `all together are larger than ${largestCatalog} bytes` };
      const accepted = acceptChunk({ reference: { kind: 'catalog_part', name: '', digest }, bytes, sha256 });
      if (accepted.kind === 'refused') return { ok: false, problem: accepted.message };
      if (accepted.chunk.kind !== 'catalog_part') return { ok: false, problem: 'it is no part' };
      return { ok: true, value: accepted.chunk.value };
    };
    return joinCatalog({ head, part, before });
  };

  const broken = (err: unknown): Taken => {
    log.error({ err }, 'a bundle could not be read');
    return { version: 0, reason: 'malformed: it cannot be read' };
  };

  /** The newest; what was replaced before its turn came is not written. */
  const keep = (): void => {
    const wanted = content;
    writing = writing
      .then(() => (wanted === undefined || wanted !== content ? undefined : file.write(wanted.bundle, wanted.parts)))
      .catch((err: unknown) =>
        log.error({ err }, 'the bundle could not be kept on disk: a restart without the control plane would lack it'),
      );
  };

  return {
    get current() {
      return current;
    },
    get held() {
      return [...(content?.raw.keys() ?? []), ...(content?.parts.keys() ?? [])];
    },
    take(bundle) {
      const taken = taking.then(() => inSlices(read(bundle))).catch(broken);
      taking = taken;
      return taken.then((each) => {
        if (each.reason === undefined) keep();
        return each;
      });
    },
    restore(bundle) {
      try {
        return atOnce(read(bundle));
      } catch (err) {
        return broken(err);
      }
    },
    async written() {
      await taking;
      await writing;
    },
  };
};
