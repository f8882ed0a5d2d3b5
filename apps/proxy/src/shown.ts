import { review } from '@sallyport/audit';
import type { Reviewed } from '@sallyport/audit';
import type { Parameter } from '@sallyport/kernel';
import { withoutPasswords } from '@sallyport/sql';
import { detectorsFor } from './mask.js';

/** What people see of a text of SQL: a password in it is nobody's to read. Where it cannot be told which, nothing is hidden. */
export const showStatement = (text: string): Reviewed => showText(withoutPasswords(text.toWellFormed()) ?? text);

/** Of what is held an approver sees everything, but for what detectors find. */
export const showText = (text: string): Reviewed => review(detectorsFor().scrubText(text.toWellFormed()));

/** A bound value as people read it. What cannot be read is shown as its bytes. */
export const showParameter = ({ type, format, value }: Parameter): Reviewed => {
  if (value === null) return { text: 'NULL', marks: [] };
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  const read = format === 'text' ? bytes.toString('utf8') : readers.get(type)?.(bytes);
  if (read === 'NULL') return { text: read, marks: ['the four letters NULL, not the value NULL'] };
  if (read !== undefined) return showText(read);
  // Bytes of a type that nobody reads here may still hold a text, or a long number, that a detector knows.
  const guesses = [bytes.toString('utf8'), ...(bytes.length === 8 ? [bytes.readBigInt64BE().toString()] : [])];
  const detected = guesses.find((guess) => detectorsFor().scrubText(guess) !== guess);
  if (detected !== undefined) return showText(`${bytes.length} bytes: ${detected}`);
  return { text: `\\x${bytes.toString('hex')}`, marks: [] };
};

type Reader = (bytes: Buffer) => string | undefined;
const sized =
  (length: number, read: (bytes: Buffer) => string): Reader =>
  (bytes) =>
    bytes.length === length ? read(bytes) : undefined;

const text: Reader = (bytes) => bytes.toString('utf8');
/** Days and microseconds count from here. */
const epoch = Date.UTC(2000, 0, 1);
/** What a Date can hold; PostgreSQL holds more. */
const latest = 8.64e15;

const moment: Reader = sized(8, (bytes) => {
  const micros = bytes.readBigInt64BE();
  const time = epoch + Number(micros / 1000n);
  return Math.abs(time) < latest ? new Date(time).toISOString() : `${micros} us after 2000-01-01`;
});
const day: Reader = sized(4, (bytes) => {
  const days = bytes.readInt32BE();
  const time = epoch + days * 86_400_000;
  return Math.abs(time) < latest ? new Date(time).toISOString().slice(0, 10) : `${days} days after 2000-01-01`;
});

const special = new Map([
  [0xc000, 'NaN'],
  [0xd000, 'Infinity'],
  [0xf000, '-Infinity'],
]);

/** Groups of four digits, the first of them `weight` groups before the point. */
const numeric: Reader = (bytes) => {
  if (bytes.length < 8) return undefined;
  const [count, weight, sign, scale] = [0, 2, 4, 6].map((at) => bytes.readUInt16BE(at)) as [
    number,
    number,
    number,
    number,
  ];
  if (bytes.length !== 8 + count * 2) return undefined;
  const named = special.get(sign);
  if (named !== undefined) return named;
  const before = (weight << 16) >> 16;
  if (Math.abs(before) > 4_096 || scale > 16_384) return undefined;
  const group = (index: number): string =>
    (index >= 0 && index < count ? bytes.readUInt16BE(8 + index * 2) : 0).toString().padStart(4, '0');
  let whole = '';
  for (let index = 0; index <= before; index += 1) whole += group(index);
  let fraction = '';
  for (let index = before + 1; fraction.length < scale; index += 1) fraction += group(index);
  const digits = whole.replace(/^0+(?=\d)/, '') || '0';
  return `${sign === 0x4000 ? '-' : ''}${digits}${scale > 0 ? `.${fraction.slice(0, scale)}` : ''}`;
};

/** The binary forms of types that callers bind, by their type numbers. */
const readers: ReadonlyMap<number, Reader> = new Map<number, Reader>([
  [16, sized(1, (bytes) => (bytes[0] === 0 ? 'false' : 'true'))],
  [20, sized(8, (bytes) => bytes.readBigInt64BE().toString())],
  [21, sized(2, (bytes) => String(bytes.readInt16BE()))],
  [23, sized(4, (bytes) => String(bytes.readInt32BE()))],
  [26, sized(4, (bytes) => String(bytes.readUInt32BE()))],
  [700, sized(4, (bytes) => String(bytes.readFloatBE()))],
  [701, sized(8, (bytes) => String(bytes.readDoubleBE()))],
  [1082, day],
  [1114, moment],
  [1184, moment],
  [1700, numeric],
  [2950, sized(16, (bytes) => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'))],
  [3802, (bytes) => (bytes[0] === 1 ? bytes.toString('utf8', 1) : undefined)],
  // text, varchar, bpchar, name, json, xml, unknown: their binary form is their text.
  ...[25, 1043, 1042, 19, 114, 142, 705].map((type): [number, Reader] => [type, text]),
]);
