import { createHash } from 'node:crypto';

/**
 * The values of tagged columns in fixture.sql, and of nothing else. `shown` is what a mask leaves of one on purpose: the end of
 * a card number, the domain of an address.
 */
export const values: readonly string[] = [
  ...['CNRYqvx7kzjw31', 'CNRYmbw9pdhy62', 'CNRYtgf4xnsl93'],
  ...['cnryzaphodwq', 'cnrytrillixk', 'cnrymarvinpj'],
  ...['453914880343', '542523343010', '37424545540'],
  ...['739184620', '846273951', '958372641'],
  ...['1931-07-19', '1942-11-23', '1953-03-29'],
  ...['c4a7e1d2-9b3f-4c58-8e6a-71f0d2b9a583', 'd8f3b6a4-2c71-4e95-b0d7-5a9e8c3f1247', 'e9c2d7b5-6f84-4a13-9d58-3b7f1e0a4c96'],
  ...['CNRYhtp4gz', 'CNRYmkw9w', 'CNRYqbv5r'],
  ...['CNRYdocwvx55q', 'CNRYdockjh91z', 'CNRYdocbtn37p', 'CNRYtagpzk88m', 'CNRYtagwfx23d'],
  ...['CNRY Streetqqz', 'CNRY Laneyyw', 'CNRY Roadvvk'],
];

const hashes = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];
/** Shorter parts are found in anything. */
const part = 7;

const reversed = (text: string): string => [...text].reverse().join('');
const spread = (text: string): readonly string[] => [' ', '-', ',', '\u00a0'].map((by) => [...text].join(by));

/** What three bytes of base64 are depends on what stands before: without the ends that other bytes have a part in. */
const inBase64 = (text: string): readonly string[] =>
  [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    return bytes.toString('base64').slice(before === 0 ? 0 : 4, Math.floor(bytes.length / 3) * 4);
  });

const parts = (text: string): readonly string[] =>
  Array.from({ length: Math.max(1, text.length - part + 1) }, (_, at) => text.slice(at, at + part));

const hexOf = (text: string): readonly string[] => [
  Buffer.from(text).toString('hex'),
  [...text].map((letter) => letter.charCodeAt(0).toString(8)).join(''),
];

interface Trace {
  readonly form: string;
  readonly value: string;
}

/** Every form in which a canary may show itself, as lower-case Latin-1: what bytes are searched for is read so too. */
const traces: ReadonlyMap<string, Trace> = new Map(
  values.flatMap((value) => {
    const written = [value, value.replaceAll('-', '')].flatMap((text) => [text, text.toUpperCase(), text.toLowerCase()]);
    const forms: (readonly [string, readonly string[]])[] = [
      ['clear', parts(value)],
      ['reversed', parts(reversed(value))],
      ['spread', spread(value)],
      ['hex', written.flatMap((text) => hexOf(text).flatMap((hex) => [hex, reversed(hex)]))],
      ['base64', written.flatMap((text) => [...inBase64(text), ...inBase64(reversed(text))])],
      ...hashes.map((name): readonly [string, readonly string[]] => [
        name,
        written.flatMap((text) => {
          const hash = createHash(name).update(text);
          const bytes = hash.digest();
          return [bytes.toString('hex').slice(0, 16), bytes.toString('base64').slice(0, 16), bytes.toString('latin1').slice(0, 12)];
        }),
      ]),
    ];
    return forms.flatMap(([form, texts]) => texts.map((text) => [text.toLowerCase(), { form, value }] as const));
  }),
);

/** As numbers are in binary: of four and of eight bytes; a date counts days since 2000, a uuid is its bytes. */
const binaries: readonly (readonly [Buffer, Trace])[] = values.flatMap((value): readonly (readonly [Buffer, Trace])[] => {
  const trace = { form: 'binary', value };
  if (/^\d{9}$/.test(value)) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(Number(value));
    return [[bytes, trace]];
  }
  if (/^[\da-f-]{36}$/.test(value)) return [[Buffer.from(value.replaceAll('-', ''), 'hex'), trace]];
  return [];
});

/** By their first letters, so that bytes are looked through once. */
const byHead = Map.groupBy(traces.keys(), (text) => text.slice(0, part));

/** What of the canaries is in these bytes: the form and the value of the first that is found. */
export const findCanary = (bytes: Buffer): Trace | undefined => {
  const text = bytes.toString('latin1').toLowerCase();
  for (let at = 0; at + part <= text.length; at += 1) {
    const found = byHead.get(text.slice(at, at + part))?.find((each) => text.startsWith(each, at));
    if (found !== undefined) return traces.get(found);
  }
  return binaries.find(([binary]) => bytes.includes(binary))?.[1];
};

/** For what is long: whole values alone, in clear, backwards, in hex and in base64. Says which it finds. */
export const searcherFor = (wanted: readonly string[]): ((bytes: Buffer) => readonly string[]) => {
  const needles = wanted.flatMap((value) =>
    [value, reversed(value), ...hexOf(value).slice(0, 1), ...inBase64(value)].map((text) => {
      const needle = Buffer.from(text.toLowerCase(), 'latin1');
      return { needle, value, head: needle.readUInt16BE() };
    }),
  );
  // By their first two letters, so that bytes are looked through once.
  const heads = new Uint8Array(1 << 16);
  for (const { head } of needles) heads[head] = 1;
  const byHeads = Map.groupBy(needles, ({ head }) => head);
  return (bytes) => {
    const lower = Buffer.from(bytes.toString('latin1').toLowerCase(), 'latin1');
    const found = new Set<string>();
    for (let at = 0, head = lower[0] ?? 0; at + 1 < lower.length; at += 1) {
      head = ((head << 8) | (lower[at + 1] ?? 0)) & 0xffff;
      if (heads[head] === 0) continue;
      for (const { needle, value } of byHeads.get(head) ?? [])
        if (lower.subarray(at, at + needle.length).equals(needle)) found.add(value);
    }
    return [...found];
  };
};
