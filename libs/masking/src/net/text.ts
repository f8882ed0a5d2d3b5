import { decodeUtf8, encodeUtf8 } from '@sallyport/kernel';
import { replaceSpans } from '../detect/detectors.js';
import type { Detectors } from '../detect/detectors.js';

export const latin = (value: Uint8Array): string => {
  let text = '';
  for (let from = 0; from < value.length; from += 4096)
    text += String.fromCharCode(...value.subarray(from, from + 4096));
  return text;
};

const unlatin = (text: string): Uint8Array => Uint8Array.from(text, (sign) => sign.charCodeAt(0));

/** Bytes in another encoding are read one by one: what is ASCII in them is found, the rest stays as it is. */
export const scrubText = (detectors: Detectors, value: Uint8Array): Uint8Array => {
  const text = decodeUtf8(value);
  const read = text ?? latin(value);
  const spans = detectors.detect(read);
  if (spans.length === 0) return value;
  const shown = replaceSpans(read, spans);
  return text === undefined ? unlatin(shown) : encodeUtf8(shown);
};

/** Arrays, records and types that nobody knows, in binary: lengths inside would break, so a find hides the whole value. */
export const scrubOpaque = (detectors: Detectors, value: Uint8Array): Uint8Array | null => {
  const text = decodeUtf8(value);
  const read = text ?? latin(value);
  const spans = detectors.detect(read);
  if (spans.length === 0) return value;
  const isText = text !== undefined && !hasControl(text);
  return isText ? encodeUtf8(replaceSpans(text, spans)) : null;
};

export const hasControl = (text: string): boolean => {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 && unit !== 9 && unit !== 10 && unit !== 13) return true;
  }
  return false;
};
