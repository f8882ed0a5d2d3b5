/** Every way to cut `bytes` in two, the uncut whole first. */
export function* cutEverywhere(bytes: Uint8Array): Generator<readonly Uint8Array[]> {
  yield [bytes];
  for (let at = 1; at < bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

/** One byte at a time. */
export const singleBytes = (bytes: Uint8Array): readonly Uint8Array[] =>
  Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
