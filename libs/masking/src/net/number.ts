import { readInt32, readUint16 } from './wire.js';

/**
 * The digits of a whole number that may be a card's: 14 to 16 of them. Shorter ones are counters and barcodes, longer ones
 * identifiers and times, and both are far more common than cards of such a length. A fraction makes it an amount.
 */
export type NumberType = 'int8' | 'numeric' | 'float8';

export const fewestDigits = 14;

const whole = /^\d{14,16}(?:\.0*)?$/;

export const digitsOf = (type: NumberType, format: 'text' | 'binary', value: Uint8Array): string | undefined => {
  if (format === 'text') return textDigits(type, value);
  switch (type) {
    case 'int8':
      return int8Digits(value);
    case 'numeric':
      return numericDigits(value);
    case 'float8':
      return value.length === 8 ? floatDigits(new DataView(value.buffer, value.byteOffset).getFloat64(0)) : undefined;
  }
};

const textDigits = (type: NumberType, value: Uint8Array): string | undefined => {
  if (value.length < fewestDigits || value.length > 40) return undefined;
  const text = String.fromCharCode(...value);
  if (whole.test(text)) return text.split('.')[0];
  return type === 'float8' ? floatDigits(Number(text)) : undefined;
};

const floatDigits = (value: number): string | undefined =>
  value >= 1e13 && value < 1e16 && Number.isInteger(value) ? String(value) : undefined;

const int8Digits = (value: Uint8Array): string | undefined => {
  if (value.length !== 8) return undefined;
  const high = readInt32(value, 0);
  // Beyond 2^53 there are no numbers of 16 digits that a card begins with.
  if (high < 0x0918 || high >= 0x200000) return undefined;
  return floatDigits(high * 2 ** 32 + (readInt32(value, 4) >>> 0));
};

/** Groups of four digits: how many are there, the weight of the first, the sign, the scale. */
const numericDigits = (value: Uint8Array): string | undefined => {
  if (value.length < 8) return undefined;
  const count = readUint16(value, 0);
  if (readUint16(value, 2) !== 3 || readUint16(value, 4) !== 0 || count > 4 || value.length !== 8 + count * 2)
    return undefined;
  let digits = '';
  for (let index = 0; index < 4; index += 1)
    digits += String(index < count ? readUint16(value, 8 + index * 2) : 0).padStart(4, '0');
  return floatDigits(Number(digits));
};
