import { describe, expect, test } from '@jest/globals';
import { allow, bytes, complete, deny, from, int16, join, permit, ready, Rig, text } from '../../testing/rig.js';
import { encodePassword, encodeQuery, encodeRequest, encodeStartup } from '../client.js';
import { requestCode } from '../message/type.js';

const ssl = encodeRequest(requestCode.tls);
const gss = encodeRequest(requestCode.gss);
const cancel = encodeRequest(requestCode.cancel, new Uint8Array(8));
const startup = encodeStartup({ user: 'billing', database: 'app' });

describe('startup is one-way', () => {
  test.each([
    ['StartupMessage', startup],
    ['SSLRequest', ssl],
    ['GSSENCRequest', gss],
    ['CancelRequest', cancel],
  ])('a second %s ends the connection, at every later step', (_name, packet) => {
    const waiting = new Rig().client(startup).forget().client(packet);
    expect(waiting.closed).toBe('refused');
    const inside = new Rig().begin().client(packet);
    expect(inside.closed).toBe('refused');
    expect(inside.toTarget).toHaveLength(0);
    const later = new Rig().begin().client(encodeQuery('select 1'), packet);
    expect(later.closed).toBe('refused');
    expect(later.letters).toBe('Q');
  });
  test.each([
    ['StartupMessage', startup],
    ['SSLRequest', ssl],
    ['GSSENCRequest', gss],
    ['CancelRequest', cancel],
  ])('a %s that comes while something is waited for ends the connection as soon as it is read', (_name, packet) => {
    const dialing = new Rig().client(startup, encodePassword('t')).client(packet);
    const greeting = { parameters: {}, transaction: 'idle', trailing: new Uint8Array(0) } as const;
    dialing.perform(dialing.session.dialed({ kind: 'opened', greeting }));
    const held = new Rig(() => 'hold').begin().client(encodeQuery('select 1')).client(packet).verdict(allow());
    const stalled = new Rig().begin().client(encodeQuery('set search_path = a'), encodeQuery('select 1'), packet);
    stalled.target(complete('SET'), ready());
    const copy = new Rig()
      .begin()
      .client(encodeQuery('copy'))
      .target(from('G', [0], int16(0)))
      .client(packet);
    for (const rig of [dialing, held, stalled, copy]) {
      expect(rig.closed).toBe('refused');
      expect(rig.letters).toMatch(/^Q{0,2}$/);
      expect(rig.questions.filter(({ kind }) => kind === 'login').length).toBeLessThan(2);
    }
  });
  test.each([
    ['SSLRequest', ssl],
    ['GSSENCRequest', gss],
  ])('%s twice, or inside TLS', (_name, packet) => {
    expect(new Rig(undefined, { tls: false }).client(packet, packet).closed).toBe('refused');
    const rig = new Rig().client(ssl);
    rig.perform(rig.session.secured('postgresql')).client(packet);
    expect(rig.closed).toBe('refused');
  });
  test('GSS and TLS are offered one after the other', () => {
    const rig = new Rig(undefined, { tls: false }).client(gss).client(ssl).client(startup);
    expect(text(rig.toClient).slice(0, 2)).toBe('NN');
    expect(rig.closed).toBeUndefined();
  });
});

describe('bytes before TLS', () => {
  test('with the SSLRequest: never read, the connection ends', () => {
    const rig = new Rig().client(ssl, startup);
    expect(rig.closed).toBe('refused');
    expect(rig.steps.some(({ kind }) => kind === 'secure')).toBe(false);
  });
  test('between our S and the handshake', () => {
    const rig = new Rig().client(ssl).client(startup);
    expect(rig.closed).toBe('refused');
    expect(rig.questions).toEqual([]);
  });
  test('a half packet does not outlive the handshake', () => {
    const rig = new Rig().client(ssl.subarray(0, 5)).client(ssl.subarray(5));
    rig.perform(rig.session.secured(undefined)).client(startup, encodePassword('t'));
    expect(rig.questions).toHaveLength(1);
  });
});

describe('direct TLS', () => {
  const hello = bytes('\x16\x03\x01hello');
  test('the handshake gets every byte, and ALPN must say postgresql', () => {
    const rig = new Rig().client(hello);
    expect(rig.steps).toEqual([{ kind: 'secure', unread: hello, alpn: ['postgresql'] }]);
    rig.perform(rig.session.secured('postgresql')).client(startup);
    expect(rig.closed).toBeUndefined();
  });
  test.each([undefined, 'http/1.1', ''])('ALPN %s is refused', (alpn) => {
    const rig = new Rig().client(hello);
    expect(rig.perform(rig.session.secured(alpn)).closed).toBe('refused');
  });
  test('another ALPN is refused after SSLRequest too; none is fine', () => {
    const other = new Rig().client(ssl);
    expect(other.perform(other.session.secured('h2')).closed).toBe('refused');
    const none = new Rig().client(ssl);
    expect(none.perform(none.session.secured(undefined)).closed).toBeUndefined();
  });
  test('without TLS here it is refused, and so is a handshake after a word was said', () => {
    expect(new Rig(undefined, { tls: false }).client(hello).closed).toBe('refused');
    expect(new Rig(undefined, { tls: false }).client(gss).client(hello, new Uint8Array(9)).closed).toBe('refused');
  });
});

describe('the token', () => {
  test('is only taken over TLS, or from this machine', () => {
    const rig = new Rig(undefined, { loopback: false }).client(startup);
    expect(rig.heard).toBe('E(28000)');
    const secure = new Rig(undefined, { loopback: false }).client(ssl);
    secure.perform(secure.session.secured('postgresql')).forget().client(startup, encodePassword('secret'));
    expect(secure.questions).toEqual([
      { kind: 'login', connection: 'billing', credential: 'secret', database: 'app', parameters: {} },
    ]);
  });
  test('a refused login says the refusal and no more', () => {
    const rig = new Rig(undefined, {}, deny('no')).client(startup, encodePassword('secret'));
    expect(rig.heard).toBe('R E(42501)');
    expect(rig.closed).toBe('refused');
    expect(text(rig.toClient)).not.toContain('secret');
  });
  test('something else than a password ends the connection', () => {
    expect(new Rig().client(startup, encodeQuery('select 1')).closed).toBe('refused');
  });
});

describe('parameters', () => {
  const parametersOf = (given: Record<string, string>): Rig =>
    new Rig().client(encodeStartup({ user: 'billing', ...given }), encodePassword('t'));
  test('the allowed ones reach the question, those in options too', () => {
    const rig = parametersOf({
      application_name: 'psql',
      client_encoding: 'utf-8',
      options: '-c search_path=a\\ b --statement-timeout=5s -cDateStyle=ISO',
    });
    expect(rig.questions[0]).toMatchObject({
      database: 'billing',
      parameters: {
        application_name: 'psql',
        client_encoding: 'UTF8',
        search_path: 'a b',
        statement_timeout: '5s',
        DateStyle: 'ISO',
      },
    });
  });
  test.each([
    [{ role: 'postgres' }, 'role'],
    [{ session_replication_role: 'replica' }, 'session_replication_role'],
    [{ client_encoding: 'LATIN1' }, 'client_encoding'],
    [{ standard_conforming_strings: 'off' }, 'standard_conforming_strings'],
    [{ options: '-c role=postgres' }, 'role'],
    [{ options: '-c sallyport.hold=forever' }, 'sallyport.hold'],
    [{ 'sallyport.hold': '10' }, 'sallyport.hold'],
    [{ 'sallyport.hold': '-1s' }, 'sallyport.hold'],
    [{ 'sallyport.hold': '11min' }, 'sallyport.hold'],
    [{ 'sallyport.hold': '999999999999s' }, 'sallyport.hold'],
    [{ 'sallyport.other': '10s' }, 'sallyport.other'],
    [{ options: '-r file' }, 'options'],
    [{ options: '-c' }, 'options'],
    [{ options: ' -c a=b'.repeat(2000) }, ''],
    [{ options: 'x'.repeat(5000) }, 'options'],
    [{ replication: 'database' }, 'replication'],
    [{ replication: 'true' }, 'replication'],
  ])('%j is refused by name', (given: Record<string, string>, name) => {
    const rig = parametersOf(given);
    expect(rig.questions).toEqual([]);
    expect(rig.closed).toBe('refused');
    if (name !== '') expect(text(rig.toClient)).toContain(`"${name}"`);
  });
  test.each([
    [{ 'sallyport.hold': '10s' }, 10_000],
    [{ options: '-c sallyport.hold=250ms' }, 250],
    [{ options: '--sallyport.hold=10min' }, 600_000],
    [{ 'sallyport.hold': '0' }, 0],
    [{}, undefined],
  ])(
    '%j: how long a held command may wait is for the gateway, and not forwarded',
    (given: Record<string, string>, hold) => {
      expect(parametersOf(given).questions[0]).toEqual({
        kind: 'login',
        connection: 'billing',
        credential: 't',
        database: 'billing',
        parameters: {},
        ...(hold === undefined ? {} : { hold }),
      });
    },
  );
  test('given twice, without a user, with bytes behind the end, cut short, not UTF-8', () => {
    const raw = (body: Uint8Array): Uint8Array => join(Uint8Array.from([0, 0, 0, 8 + body.length, 0, 3, 0, 0]), body);
    for (const body of ['user\0a\0user\0b\0\0', '\0', 'user\0a\0\0x', 'user\0a', 'user\0\xff\xfe\0\0'])
      expect(new Rig().client(raw(Uint8Array.from(Buffer.from(body, 'latin1')))).closed).toBe('refused');
  });
  test('replication=false is no replication', () => {
    expect(parametersOf({ replication: 'false' }).questions).toHaveLength(1);
  });
});

describe('versions', () => {
  const keyOf = (version: number): number => {
    const rig = new Rig().client(encodeStartup({ user: 'a' }, version), encodePassword('t'));
    const greeting = { parameters: {}, transaction: 'idle', trailing: new Uint8Array(0) } as const;
    rig.perform(rig.session.dialed({ kind: 'opened', greeting }));
    const step = rig.steps.find(({ kind }) => kind === 'cancellable');
    return step?.kind === 'cancellable' ? step.key.length : 0;
  };
  test('a key of 4 and 4 bytes for 3.0, of 4 and 32 for 3.2', () => {
    expect([keyOf(0x30000), keyOf(0x30001), keyOf(0x30002)]).toEqual([8, 8, 36]);
  });
  test('a higher minor version or an unknown option is negotiated down', () => {
    const rig = new Rig().client(encodeStartup({ user: 'a', '_pq_.new': '1' }, 0x3270f));
    expect(rig.heard).toBe('v R');
    expect(text(rig.toClient)).toContain('_pq_.new');
    expect(new Rig().client(encodeStartup({ user: 'a' }, 0x30002)).heard).toBe('R');
  });
  test('another major version is refused', () => {
    expect(new Rig().client(encodeStartup({ user: 'a' }, 0x20000)).heard).toBe('E(0A000)');
    expect(new Rig().client(encodeStartup({ user: 'a' }, 0x7fff0000)).closed).toBe('refused');
  });
});

describe('cancel', () => {
  test('is a question, and nothing else comes of it', () => {
    const key = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const rig = new Rig(undefined, {}, { kind: 'allow', permit: permit('login') });
    rig.client(encodeRequest(requestCode.cancel, key));
    expect(rig.questions).toEqual([{ kind: 'cancel', key }]);
    expect(rig.steps.map(({ kind }) => kind)).toEqual(['ask', 'close']);
  });
});

describe('before the login is decided', () => {
  test('a dial that fails is told', () => {
    const rig = new Rig().client(startup, encodePassword('t')).forget();
    rig.perform(rig.session.dialed({ kind: 'refused', refusal: { code: 'no_agent', message: 'none' } }));
    expect(rig.heard).toBe('E(08001)');
    expect(rig.closed).toBe('refused');
  });
  test('what is sent ahead is kept, bounded, and read afterwards', () => {
    const rig = new Rig().client(startup, encodePassword('t'), encodeQuery('select 1'));
    expect(rig.questions).toHaveLength(1);
    const greeting = { parameters: {}, transaction: 'idle', trailing: new Uint8Array(0) } as const;
    rig.perform(rig.session.dialed({ kind: 'opened', greeting }));
    expect(rig.letters).toBe('Q');
    const flood = new Rig().client(startup, encodePassword('t'));
    expect(flood.client(new Uint8Array(2_000_000)).closed).toBe('refused');
  });
});
