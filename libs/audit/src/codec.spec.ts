import { describe, expect, test } from '@jest/globals';
import { encodeUtf8 } from '@sallyport/kernel';
import fc from 'fast-check';
import {
  auditLimits,
  canonicalJson,
  clip,
  createEventStream,
  decodeEvent,
  encodeEvent,
  createSpeller,
} from './index.js';
import type { AuditEvent, EventContent } from './index.js';

const caller = { kind: 'subagent', id: 'sub_1', name: 'etl', onBehalfOf: [] } as const;
const head = { command: 'cmd_1', connection: 'billing', database: 'app', caller };
const intent: EventContent = {
  type: 'statement.intent',
  ...head,
  text: 'SELECT 1',
  digest: 'a'.repeat(64),
  kinds: ['select'],
  tables: ['billing.payments'],
  policyVersion: 3,
  policies: ['etl-read'],
  verdict: 'allowed',
  approval: undefined,
};
const contents: readonly EventContent[] = [
  {
    type: 'session.opened',
    connection: 'billing',
    database: 'app',
    caller,
    agent: 'agent-1',
    clientAddress: '10.0.0.1',
    application: 'psql',
  },
  {
    type: 'login.refused',
    connection: 'billing',
    database: 'app',
    clientAddress: '10.0.0.1',
    cause: 'expired',
    claimed: { issuer: 'https://idp', subject: 'x' },
  },
  { type: 'login.refused', connection: '', database: '', clientAddress: '', cause: 'malformed', claimed: undefined },
  intent,
  {
    ...intent,
    type: 'statement.refused',
    code: 'denied',
    reason: 'no',
    approval: 'apr_1',
  } as EventContent,
  {
    type: 'statement.outcome',
    command: 'cmd_1',
    status: 'completed',
    tag: 'SELECT 1',
    error: undefined,
    rows: 1,
    bytes: 10,
    duration: 0.25,
    maskedColumns: ['billing.payments.card'],
    maskedCells: 1,
  },
  { type: 'session.closed', cause: 'client_left' },
  { type: 'alarm', code: 'protocol_violation', message: 'text before TLS' },
  { type: 'alarm', code: 'answer_mismatch', message: 'column 2 is another one', command: 'cmd_1' },
];
const stream = () =>
  createEventStream({ session: 'ses_1', proxy: 'proxy-1', clock: { now: () => 1_800_000_000_000.7 } });
const events = (): readonly AuditEvent[] => {
  const source = stream();
  return contents
    .map((content) => {
      if (content.type !== 'statement.refused') return content;
      const { verdict: _, ...rest } = content as EventContent & { verdict?: string };
      return rest as EventContent;
    })
    .map((content) => source.next(content));
};

describe('canonical JSON', () => {
  test('RFC 8785: the example of its appendix', () => {
    const value = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],' +
        '"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    );
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('RFC 8785: members are sorted by UTF-16 units', () => {
    const value = { '€': 1, '\r': 2, ['\ufb33']: 3, '1': 4, '😀': 5, '\u0080': 6, ['\u00f6']: 7 };
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"€":1,"😀":5,"\ufb33":3}');
  });

  test('one text for one value, whatever the order', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('what JSON cannot say throws', () => {
    for (const value of [Number.NaN, Infinity, 1n, undefined, () => 1, '\ud800', { a: [undefined] }])
      expect(() => canonicalJson(value)).toThrow();
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = [deep];
    expect(() => canonicalJson(deep)).toThrow(RangeError);
  });
});

describe('events', () => {
  test.each(events().map((event) => [event.type, event] as const))('%s goes there and back', (_, event) => {
    const bytes = encodeEvent(event);
    const read = decodeEvent(bytes);
    expect(read.kind === 'event' ? read.event : read).toEqual(JSON.parse(JSON.stringify(event)));
    expect(read.kind === 'event' && Buffer.from(encodeEvent(read.event)).equals(bytes)).toBe(true);
  });

  test('every member is spelled, in canonical order, whatever it holds', () => {
    const text = fc.string({ unit: 'grapheme' });
    const words = fc.array(text, { maxLength: 4 });
    const count = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e15, noNaN: true }));
    const like = (value: unknown): fc.Arbitrary<unknown> => {
      if (typeof value === 'number') return count;
      if (typeof value === 'string') return text;
      if (value === undefined) return fc.option(text, { nil: undefined });
      if (Array.isArray(value)) return words;
      return fc.record(Object.fromEntries(Object.entries(value as object).map(([name, item]) => [name, like(item)])));
    };
    const any = fc
      .constantFrom(...events())
      .chain(({ type, ...rest }) =>
        (like(rest) as fc.Arbitrary<object>).map((made) => ({ ...made, type }) as AuditEvent),
      );
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), (session) => {
        const spell = createSpeller();
        // Again, and again with some members changed: what is remembered must be what is there.
        const mixed = session.map((event, index) => ({ ...session[index - 1], ...event }) as AuditEvent);
        for (const event of [...session, ...session, ...mixed]) {
          const { type } = event;
          const own = events().find((each) => each.type === type) ?? {};
          const fitting = Object.fromEntries(
            Object.entries(event).filter(([name]) => name in own),
          ) as unknown as AuditEvent;
          expect(spell(fitting)).toBe(canonicalJson(fitting));
        }
      }),
    );
  });

  test('numbers without a gap, ids, whole milliseconds', () => {
    const made = events();
    expect(made.map((event) => event.sequence)).toEqual(made.map((_, index) => index));
    expect(made.map((event) => event.id)).toEqual(made.map((_, index) => `ses_1:${index}`));
    expect(made[0]?.at).toBe(1_800_000_000_000);
  });

  const base = JSON.parse(canonicalJson(stream().next(intent))) as Record<string, unknown>;
  const altered = (change: Record<string, unknown>) => encodeUtf8(canonicalJson({ ...base, ...change }));

  test.each<readonly [string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'not JSON'],
    ['not UTF-8', Uint8Array.from([0x22, 0xff, 0x22]), 'not UTF-8'],
    ['a list', encodeUtf8('[]'), 'event'],
    ['null', encodeUtf8('null'), 'event'],
    ['an unknown type', altered({ type: 'statement.deleted' }), 'type'],
    ['an unknown member', altered({ extra: 1 }), 'unrecognized_keys'],
    ['a missing member', encodeUtf8(canonicalJson({ ...base, text: undefined })), 'text'],
    ['another id', altered({ id: 'ses_1:9' }), 'custom'],
    ['a negative number', altered({ sequence: -1, id: 'ses_1:-1' }), 'sequence'],
    ['a broken number', altered({ at: 1.5 }), 'at'],
    ['a digest that is none', altered({ digest: 'A'.repeat(64) }), 'digest'],
    ['a long name', altered({ connection: 'x'.repeat(auditLimits.word + 1) }), 'connection'],
    ['too many tables', altered({ tables: Array(auditLimits.list + 1).fill('a') }), 'tables'],
    ['spaces', encodeUtf8(JSON.stringify(base, null, 1)), 'not canonical'],
    ['another order', encodeUtf8(JSON.stringify({ type: base['type'], ...base })), 'not canonical'],
    ['a repeated member', encodeUtf8(canonicalJson(base).replace('{', '{"at":1,')), 'not canonical'],
    ['a prototype', encodeUtf8(canonicalJson(base).replace('{', '{"__proto__":{"a":1},')), ''],
    ['too deep', encodeUtf8('['.repeat(200_000)), 'too deep'],
    ['too long', new Uint8Array(auditLimits.event + 1), 'too long'],
  ])('refuses %s', (_, bytes, reason) => {
    const read = decodeEvent(bytes);
    expect(read.kind).toBe('refused');
    expect(read.kind === 'refused' && read.reason).toContain(reason);
  });

  test('a reason holds no value', () => {
    const read = decodeEvent(altered({ digest: 'canary-7f3a', connection: 5, extra: 'canary-7f3a' }));
    expect(JSON.stringify(read)).not.toContain('canary');
  });

  test('any bytes give an answer', () => {
    const bytes = encodeEvent(stream().next(intent));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const changed = Uint8Array.from(bytes);
        changed[at] = byte;
        expect(['event', 'refused']).toContain(decodeEvent(changed).kind);
      }),
    );
  });

  test('no statement is too long or too strange to be evidence', () => {
    for (const text of [
      '\u0001'.repeat(2_000_000),
      '\ud800'.repeat(300_000),
      '😀'.repeat(300_000),
      '"\\'.repeat(500_000),
    ])
      for (const tables of [[], Array(10_000).fill('\u0002'.repeat(20_000))]) {
        const event = stream().next({ ...intent, text, tables, kinds: tables } as EventContent);
        const bytes = encodeEvent(event);
        expect(bytes.length).toBeLessThanOrEqual(auditLimits.event);
        expect(decodeEvent(bytes).kind).toBe('event');
      }
  });

  test('a clipped text shows its end and says so', () => {
    const text = `${'a'.repeat(1000)}DROP TABLE x`;
    const shown = clip(text, 200);
    expect(shown.length).toBeLessThanOrEqual(200);
    expect(shown.endsWith('DROP TABLE x')).toBe(true);
    expect(shown).toContain(' more]');
    expect(clip('short', 200)).toBe('short');
  });
});
