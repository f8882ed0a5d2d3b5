import { decodeUtf8, encodeUtf8 } from '@sallyport/kernel';
import type { z } from 'zod';
import { canonicalJson, deepestJson } from './canonical.js';
import { chunkKinds } from './chunks.js';
import type { Chunk, ChunkKind, ChunkValues, Manifest } from './chunks.js';
import { nestingOf } from './nesting.js';
import { chunkShapes, manifestShape } from './shape.js';

export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

export const largestChunk = 64 * 1024 * 1024;
/** Of one database, all parts together; below what a message between nodes may hold. */
export const largestCatalog = 32 * 1024 * 1024;
/** Read in one go: nobody's session waits longer for a part than for anything else. */
export const largestPart = 4 * 1024 * 1024;
export const largestManifest = 16 * 1024 * 1024;

/** Throws where the value is no JSON, which is a bug of whoever built it. */
export const encodeChunk = (chunk: Chunk): Uint8Array => encode(chunk.value);

export const encodeManifest = (manifest: Manifest): Uint8Array => encode(manifest);

/** Canonical bytes of anything that is JSON (a catalog report, an audit event's body). */
export const encode = (value: unknown): Uint8Array => {
  const canonical = canonicalJson(value);
  if (!canonical.ok) throw new TypeError(`cannot be encoded: ${canonical.problem}`);
  return encodeUtf8(canonical.text);
};

/** Strict: canonical bytes, every field known, every bound kept, every rule of a kind that this node knows. */
export const decodeChunk = <K extends ChunkKind>(kind: K, bytes: Uint8Array): Decoded<ChunkValues[K]> => {
  if (!Object.hasOwn(chunkShapes, kind)) return { ok: false, problem: 'unknown kind of chunk' };
  return decode(chunkShapes[kind], bytes, kind === 'catalog_part' ? largestPart : largestChunk);
};

export const decodeManifest = (bytes: Uint8Array): Decoded<Manifest> => decode(manifestShape, bytes, largestManifest);

export const isChunkKind = (kind: string): kind is ChunkKind => chunkKinds.some((known) => known === kind);

const decode = <T>(shape: z.ZodType<T>, bytes: Uint8Array, largest: number): Decoded<T> => {
  if (bytes.length > largest) return { ok: false, problem: `larger than ${largest} bytes` };
  const text = decodeUtf8(bytes);
  if (text === undefined) return { ok: false, problem: 'not UTF-8' };
  if (nestingOf(text) > deepestJson) return { ok: false, problem: `nested more than ${deepestJson} deep` };
  const json = parse(text);
  if (!json.ok) return json;
  const checked = shape.safeParse(json.value);
  if (checked.success) {
    // What was read must be exactly what was written: no doubled key, no other spelling, nothing dropped on the way.
    const again = canonicalJson(checked.data);
    if (!again.ok || again.text !== text) return { ok: false, problem: 'not canonical JSON' };
    return { ok: true, value: checked.data };
  }
  return { ok: false, problem: said(checked.error) };
};

/** Where the first fault is; never a value of what was checked. */
const said = ({ issues: [issue] }: z.ZodError): string => {
  const place = issue?.path.map(String).join('.') ?? '';
  return place === '' ? (issue?.message ?? 'malformed') : `${place}: ${issue?.message ?? ''}`;
};

/** Why a value cannot be a chunk of this kind, for who is about to write one; `undefined`: it can. */
export const faultOf = <K extends ChunkKind>(kind: K, value: unknown): string | undefined => {
  const checked = chunkShapes[kind].safeParse(value);
  return checked.success ? undefined : said(checked.error);
};

const parse = (text: string): Decoded<unknown> => {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, problem: 'not JSON' };
  }
};
