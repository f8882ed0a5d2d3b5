import { hash } from 'node:crypto';
import type { Bundle } from '@sallyport/contracts';
import { acceptChunk, acceptManifest } from '@sallyport/policy/bundle';
import type { AgentConnectionChunk, Manifest, ManifestCandidate, ProxiesChunk } from '@sallyport/policy/bundle';

/** What this agent is to do, from one signed bundle: its connections, and the proxies to wait at. */
export interface Assignment {
  readonly manifest: Manifest;
  readonly connections: ReadonlyMap<string, AgentConnectionChunk>;
  readonly proxies: ProxiesChunk['proxies'];
  /** The bundle with every chunk that the manifest names, for the file and for the next delta. */
  readonly bundle: Bundle;
}

export type TakenAssignment =
  | { readonly kind: 'taken'; readonly assignment: Assignment }
  | { readonly kind: 'refused'; readonly version: number; readonly reason: string };

export interface TakeOptions {
  readonly bundle: Bundle;
  readonly current: Assignment | undefined;
  readonly now: number;
  readonly tenant: string;
  readonly verify: (candidate: ManifestCandidate) => boolean;
}

/** All of a bundle or nothing. Chunks that are still the same come from the current one. */
export function takeAssignment({ bundle, current, now, tenant, verify }: TakeOptions): TakenAssignment {
  const candidate = { bytes: bundle.manifest, signature: bundle.signature, keyId: bundle.keyId };
  const accepted = acceptManifest({ current: current?.manifest, candidate, now, tenant, verify });
  if (accepted.kind === 'refused')
    return { kind: 'refused', version: 0, reason: `${accepted.reason}: ${accepted.message}` };
  const { manifest } = accepted;
  const known = new Map([...(current?.bundle.chunks ?? []), ...bundle.chunks].map((chunk) => [chunk.digest, chunk]));
  const connections = new Map<string, AgentConnectionChunk>();
  const proxies: ProxiesChunk['proxies'][number][] = [];
  const chunks: Bundle['chunks'] = [];
  for (const reference of manifest.chunks) {
    const refused = (reason: string): TakenAssignment => ({ kind: 'refused', version: manifest.version, reason });
    const chunk = known.get(reference.digest);
    if (chunk === undefined) return refused(`lacks ${reference.kind} ${reference.name}`);
    const read = acceptChunk({ reference, bytes: chunk.content, sha256: (bytes) => hash('sha256', bytes, 'hex') });
    if (read.kind === 'refused') return refused(read.message);
    chunks.push(chunk);
    if (read.chunk.kind === 'agent_connection') connections.set(read.chunk.value.name, read.chunk.value);
    else if (read.chunk.kind === 'proxies') proxies.push(...read.chunk.value.proxies);
    else return refused(`${reference.kind} is not for agents`);
  }
  return { kind: 'taken', assignment: { manifest, connections, proxies, bundle: { ...bundle, chunks } } };
}
