/** A parameter as a driver binds it: of a type, or of one that the server finds out; without a value it is NULL. */
export interface Bound {
  readonly type: Type;
  readonly value: string | undefined;
}

type Encode = (value: string) => Buffer;
interface Type {
  readonly oid: number;
  /** In binary; without one drivers send it as text, beside others that are not. */
  readonly encode?: Encode;
}

const bytes =
  (length: number, write: (into: Buffer, value: string) => void): Encode =>
  (value) => {
    const into = Buffer.alloc(length);
    write(into, value);
    return into;
  };
const text: Encode = (value) => Buffer.from(value);
const int4 = bytes(4, (into, value) => into.writeInt32BE(Number(value)));
const int8 = bytes(8, (into, value) => into.writeBigInt64BE(BigInt(value)));
const uuid: Encode = (value) => Buffer.from(value.replaceAll('-', ''), 'hex');
const since2000 = (value: string): number => Date.parse(value) - Date.UTC(2000);
const micros = bytes(8, (into, value) => into.writeBigInt64BE(BigInt(since2000(value)) * 1000n));

/** `1,2`: of one dimension, without NULL. */
const arrayOf =
  (oid: number, encode: Encode): Encode =>
  (value) => {
    const items = value === '' ? [] : value.split(',').map(encode);
    const head = [items.length > 0 ? 1 : 0, 0, oid, ...(items.length > 0 ? [items.length, 1] : [])];
    const word = (number: number): Buffer => int4(String(number));
    return Buffer.concat([...head.map(word), ...items.flatMap((item) => [word(item.length), item])]);
  };

const types: Readonly<Record<string, Type>> = {
  '?': { oid: 0 },
  unknown: { oid: 705 },
  bool: { oid: 16, encode: bytes(1, (into, value) => into.writeUInt8(value === 'true' ? 1 : 0)) },
  bytea: { oid: 17, encode: (value) => Buffer.from(value.replace('\\x', ''), 'hex') },
  name: { oid: 19, encode: text },
  int8: { oid: 20, encode: int8 },
  int2: { oid: 21, encode: bytes(2, (into, value) => into.writeInt16BE(Number(value))) },
  int4: { oid: 23, encode: int4 },
  text: { oid: 25, encode: text },
  oid: { oid: 26, encode: int4 },
  json: { oid: 114, encode: text },
  float4: { oid: 700, encode: bytes(4, (into, value) => into.writeFloatBE(Number(value))) },
  float8: { oid: 701, encode: bytes(8, (into, value) => into.writeDoubleBE(Number(value))) },
  inet: { oid: 869 },
  'int4[]': { oid: 1007, encode: arrayOf(23, int4) },
  'text[]': { oid: 1009, encode: arrayOf(25, text) },
  'int8[]': { oid: 1016, encode: arrayOf(20, int8) },
  bpchar: { oid: 1042, encode: text },
  varchar: { oid: 1043, encode: text },
  date: { oid: 1082, encode: (value) => int4(String(since2000(value) / 86_400_000)) },
  timestamp: { oid: 1114, encode: micros },
  timestamptz: { oid: 1184, encode: micros },
  interval: { oid: 1186 },
  numeric: { oid: 1700 },
  uuid: { oid: 2950, encode: uuid },
  'uuid[]': { oid: 2951, encode: arrayOf(2950, uuid) },
  jsonb: { oid: 3802, encode: (value) => Buffer.concat([Buffer.from([1]), Buffer.from(value)]) },
};

/** `int4 7`, `text[] a,b`, `? 7`, or `date` for a NULL. */
export const readBound = (said: string): Bound | undefined => {
  const [, name = '', value] = /^(\S+)(?: (.*))?$/.exec(said) ?? [];
  const type = types[name];
  return type === undefined ? undefined : { type, value };
};

export interface SentParameter {
  readonly format: 'text' | 'binary';
  readonly value: Uint8Array | null;
}

export const encodeBound = ({ type, value }: Bound, format: 'text' | 'binary'): SentParameter => {
  const { encode } = type;
  if (value === undefined) return { format, value: null };
  if (format === 'binary' && encode !== undefined) return { format, value: encode(value) };
  const isList = [1007, 1009, 1016, 2951].includes(type.oid);
  return { format: 'text', value: Buffer.from(isList ? `{${value}}` : value) };
};
