/** Bounds of one event. What is longer is hostile: `createEventStream` makes none. */
export const auditLimits = {
  /** Canonical bytes of one event. */
  event: 1024 * 1024,
  /** Statement text, UTF-16 units. */
  text: 256 * 1024,
  /** Any other text. */
  word: 8 * 1024,
  /** Items in a list. */
  list: 4096,
} as const;

/** The start and the end of a text that is too long, and how much is missing: its end must not hide. Well-formed. */
export const clip = (text: string, limit: number = auditLimits.text): string => {
  const whole = text.toWellFormed();
  if (whole.length <= limit) return whole;
  const note = `…[${whole.length - limit} more]…`;
  const room = Math.max(limit - 40, 2);
  const head = Math.ceil(room / 2);
  return `${whole.slice(0, head)}${note}${whole.slice(whole.length - (room - head))}`.toWellFormed();
};

export interface TextLimits {
  readonly text: number;
  readonly word: number;
  readonly list: number;
}

/** From roomy to tight; the last one fits into `auditLimits.event` whatever the texts hold. */
const tiers: readonly [TextLimits, ...TextLimits[]] = [
  auditLimits,
  { text: 32 * 1024, word: 1024, list: 256 },
  { text: 4 * 1024, word: 256, list: 16 },
];

/** One character needs at most this many bytes in canonical JSON (`\u0001`). */
const worstBytes = 6;

/**
 * The same value with every text well-formed and cut, so that no statement, however it is made, is too long to be
 * evidence. `text` is the one member that may be long.
 */
export const fit = <Value extends object>(value: Value): Value => {
  // Nearly everything fits as it is, and then nothing is copied.
  if (roomOf(value, 'word', auditLimits.event) >= 0) return value;
  for (const limits of tiers) {
    const cut = shorten(value, limits, 'word') as Value;
    if (worstSize(cut) <= auditLimits.event || limits === tiers.at(-1)) return cut;
  }
  return value;
};

const shorten = (value: unknown, limits: TextLimits, kind: 'text' | 'word'): unknown => {
  if (typeof value === 'string') return clip(value, limits[kind]);
  if (Array.isArray(value)) return value.slice(0, limits.list).map((item) => shorten(item, limits, 'word'));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, shorten(member, limits, name === 'text' ? 'text' : 'word')]),
  );
};

/** What is left of `room` bytes when `value` is kept as it is; below zero: something has to be cut. */
const roomOf = (value: unknown, kind: 'text' | 'word', room: number): number => {
  if (room < 0) return room;
  if (typeof value === 'string')
    return value.length <= auditLimits[kind] && value.isWellFormed() ? room - value.length * worstBytes - 3 : -1;
  if (typeof value !== 'object' || value === null) return room - 32;
  let left = room - 2;
  if (Array.isArray(value)) {
    if (value.length > auditLimits.list) return -1;
    for (const item of value) left = roomOf(item, 'word', left - 1);
    return left;
  }
  for (const name in value) {
    const member: unknown = (value as Readonly<Record<string, unknown>>)[name];
    left = roomOf(member, name === 'text' ? 'text' : 'word', left - name.length - 4);
  }
  return left;
};

const worstSize = (value: unknown): number => {
  if (typeof value === 'string') return value.length * worstBytes + 3;
  if (Array.isArray(value)) return value.reduce((size: number, item) => size + worstSize(item), 2);
  if (typeof value !== 'object' || value === null) return 32;
  return Object.entries(value).reduce((size, [name, member]) => size + name.length + 4 + worstSize(member), 2);
};
