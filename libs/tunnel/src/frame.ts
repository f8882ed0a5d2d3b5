import { refuse } from '@sallyport/kernel';
import type { Refusal } from '@sallyport/kernel';

/**
 * What a byte socket carries before it carries the target's protocol:
 *
 *     'S' 'P' | version 1 | kind (1 byte) | length (4 bytes, big endian) | payload
 *
 * The payload of `ticket` and `answer` is opaque here. `ping` and `pong` are empty.
 */
export type FrameKind = 'ticket' | 'answer' | 'ping' | 'pong';

export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Uint8Array;
}

export const frameHeaderLength = 8;
export const maxPayload = 64 * 1024;

const magic = [0x53, 0x50, 1] as const;
const codes: Readonly<Record<FrameKind, number>> = { ticket: 1, answer: 2, ping: 3, pong: 4 };
const kinds = new Map<number, FrameKind>([
  [1, 'ticket'],
  [2, 'answer'],
  [3, 'ping'],
  [4, 'pong'],
]);

/** Longer payloads are the caller's bug: it must refuse before it gets here. */
export const encodeFrame = ({ kind, payload }: Frame): Uint8Array => {
  if (payload.length > maxPayload)
    throw new RangeError(`a ${kind} frame of ${payload.length} bytes is longer than ${maxPayload}`);
  const bytes = new Uint8Array(frameHeaderLength + payload.length);
  bytes.set(magic);
  bytes[3] = codes[kind];
  new DataView(bytes.buffer).setUint32(4, payload.length);
  bytes.set(payload, frameHeaderLength);
  return bytes;
};

export type FrameRead =
  | { readonly kind: 'frame'; readonly frame: Frame }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface FrameDecoder {
  /** Keeps at most one frame and what came with it; nothing is allocated by a length that was not checked. */
  push(bytes: Uint8Array): void;
  read(): FrameRead;
  /** Everything that was pushed and not read. The decoder is empty afterwards. */
  rest(): Uint8Array;
}

export const createFrameDecoder = (): FrameDecoder => {
  let chunks: Uint8Array[] = [];
  let length = 0;
  let refused: FrameRead | undefined;

  /** The first `count` bytes in one piece; they stay in the decoder. */
  const head = (count: number): Uint8Array => {
    const [first] = chunks;
    if (first !== undefined && first.length >= count) return first.subarray(0, count);
    const joined = join(chunks, length);
    chunks = [joined];
    return joined.subarray(0, count);
  };
  const take = (): Uint8Array => {
    const bytes = join(chunks, length);
    chunks = [];
    length = 0;
    return bytes;
  };
  const stop = (message: string): FrameRead => {
    refused = { kind: 'refused', refusal: refuse('protocol_violation', message) };
    return refused;
  };

  return {
    push(bytes) {
      if (bytes.length === 0) return;
      chunks.push(bytes);
      length += bytes.length;
    },
    read() {
      if (refused !== undefined) return refused;
      const header = head(Math.min(length, frameHeaderLength));
      // A stranger is turned away by its first byte, not by its eighth.
      if (magic.some((byte, index) => index < header.length && header[index] !== byte))
        return stop('not a tunnel frame');
      if (header.length < 4) return { kind: 'incomplete' };
      const kind = kinds.get(header[3] ?? 0);
      if (kind === undefined) return stop('unknown kind of tunnel frame');
      if (header.length < frameHeaderLength) return { kind: 'incomplete' };
      const size = new DataView(header.buffer, header.byteOffset).getUint32(4);
      if (size > (kind === 'ping' || kind === 'pong' ? 0 : maxPayload)) return stop('tunnel frame too long');
      if (length < frameHeaderLength + size) return { kind: 'incomplete' };
      const all = take();
      const rest = all.subarray(frameHeaderLength + size);
      if (rest.length > 0) {
        chunks = [rest];
        length = rest.length;
      }
      return { kind: 'frame', frame: { kind, payload: all.subarray(frameHeaderLength, frameHeaderLength + size) } };
    },
    rest: take,
  };
};

const join = (chunks: readonly Uint8Array[], length: number): Uint8Array => {
  const [first] = chunks;
  if (first !== undefined && chunks.length === 1) return first;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
};
