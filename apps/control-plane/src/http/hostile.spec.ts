import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startPostgres } from '@sallyport/testing';
import type { TestPostgres } from '@sallyport/testing';
import { mintId } from '@sallyport/runtime';
import { openDatabase, startPlane } from '../../testing/plane.js';
import type { Rest, TestPlane } from '../../testing/plane.js';
import { encodeCursor } from './page.js';

let postgres: TestPostgres;
let plane: TestPlane;
let admin: Rest;
const session = mintId('ses');
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('hostile');
  plane = await startPlane(postgres.url('hostile'));
  admin = plane.admin;
  const text = '@id("reads")\npermit (principal, action in Action::"read", resource);\n';
  await admin('PUT', '/v1/policy-sets/one', { text });
  const database = openDatabase(postgres.url('hostile'));
  const { id: tenantId } = await database.tenant.findFirstOrThrow();
  const caller = { callerKind: 'subagent', callerId: 'sub_1', callerName: 'etl' };
  const place = { connectionName: 'billing', database: 'app', clientAddress: '::1' };
  const opened = { proxy: 'gate', openedAt: new Date() };
  await database.session.create({ data: { id: session, tenantId, ...opened, ...place, ...caller } });
  await database.$disconnect();
});
afterAll(async () => {
  await plane.stop();
  await postgres.stop();
});

/** Never an error of ours, whatever is sent. */
const codeOf = async (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>) => {
  const answer = await admin(method, path, body, headers);
  return answer.status < 400 ? answer.status : answer.body['code'];
};

const timeLists = ['/v1/audit', '/v1/admin-actions', '/v1/sessions', '/v1/approvals'];
const nounLists = [
  ...['users', 'groups', 'issuers', 'subagents', 'connections', 'classes', 'policy-sets'].map((noun) => `/v1/${noun}`),
  ...['/v1/agents', '/v1/proxies', '/v1/join-tokens', '/v1/tokens'],
];
const countedLists = [`/v1/sessions/${session}/statements`, '/v1/policy-sets/one/versions'];

describe('cursors', () => {
  const wrong = [
    ...['', '!!', '%00', 'e30', 'null', 'W10', Buffer.from('"x"').toString('base64url')],
    ...[[], ['a', 'b', 'c'], ['\0'], ['\ud800'], ['x'.repeat(300)]].map(encodeCursor),
    Buffer.from('[1]').toString('base64url'),
    Buffer.from('[null,null]').toString('base64url'),
    Buffer.from(`${'['.repeat(150)}`).toString('base64url'),
  ];

  test('of another making are told, by every list', async () => {
    for (const path of [...timeLists, ...nounLists, ...countedLists])
      for (const cursor of wrong)
        expect([path, cursor, await codeOf('GET', `${path}?cursor=${encodeURIComponent(cursor)}`)]).toEqual([
          path,
          cursor,
          'invalid_request',
        ]);
  });

  test('that name a time or a number which no database has are told', async () => {
    const times = ['-271821-04-20T00:00:00.000Z', '+275760-09-13T00:00:00.000Z', '0000-01-01T00:00:00.000Z', 'x', ''];
    for (const path of timeLists)
      for (const time of times)
        expect([path, time, await codeOf('GET', `${path}?cursor=${encodeCursor([time, 'act_1'])}`)]).toEqual([
          path,
          time,
          'invalid_request',
        ]);
    for (const path of countedLists)
      for (const count of ['9007199254740991', '-9007199254740991', '1e999', '1.5', 'NaN', '', '0x10', '2147483648'])
        expect([path, count, await codeOf('GET', `${path}?cursor=${encodeCursor([count])}`)]).toEqual([
          path,
          count,
          'invalid_request',
        ]);
  });

  test('that are ours but used elsewhere do no harm', async () => {
    for (const path of nounLists)
      expect(await codeOf('GET', `${path}?cursor=${encodeCursor(["' or 1=1 --"])}`)).toBe(200);
    const borrowed = encodeCursor(['2026-01-01T00:00:00.000Z', '\'; drop table "User"']);
    for (const path of timeLists) expect(await codeOf('GET', `${path}?cursor=${borrowed}`)).toBe(200);
  });
});

describe('filters', () => {
  test.each(['from', 'to'])('%s outside of what the database knows, or no time at all, is told', async (name) => {
    for (const path of ['/v1/audit', '/v1/admin-actions', '/v1/sessions'])
      for (const value of ['0000-01-01T00:00:00Z', '-000001-01-01T00:00:00Z', '2026-13-01T00:00:00Z', 'yesterday', ''])
        expect([path, value, await codeOf('GET', `${path}?${name}=${encodeURIComponent(value)}`)]).toEqual([
          path,
          value,
          'invalid_request',
        ]);
    for (const value of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '2026-01-01T00:00:00+05:30'])
      for (const path of ['/v1/audit', '/v1/admin-actions', '/v1/sessions'])
        expect([value, await codeOf('GET', `${path}?${name}=${encodeURIComponent(value)}`)]).toEqual([value, 200]);
  });

  test('that are given twice, nested or polluted are told', async () => {
    for (const query of [
      'limit=1&limit=2',
      'limit[]=1',
      'limit[$gt]=1',
      '__proto__[limit]=1',
      'cursor=a&cursor=b',
      'limit=1e9',
    ])
      expect([query, await codeOf('GET', `/v1/users?${query}`)]).toEqual([query, 'invalid_request']);
  });
});

describe('bodies', () => {
  const deep = (levels: number): string => `{"description":${'['.repeat(levels)}${']'.repeat(levels)}}`;

  test.each([100, 5_000, 100_000, 900_000])(
    '%d levels deep are a wrong request, with and without a key',
    async (levels) => {
      expect(await codeOf('PUT', '/v1/groups/deep', deep(levels))).toBe('invalid_request');
      expect(await codeOf('POST', '/v1/groups', deep(levels), { 'idempotency-key': `deep-${levels}` })).toBe(
        'invalid_request',
      );
      // A route that takes no body reads none.
      expect([200, 'not_found', 'invalid_request']).toContain(
        await codeOf('POST', '/v1/subagents/none/disable', deep(levels), { 'idempotency-key': `none-${levels}` }),
      );
    },
  );

  test('of wrong kinds are refused with the right code', async () => {
    const json = { 'content-type': 'application/json' };
    const table: readonly (readonly [string, unknown, Readonly<Record<string, string>>, string])[] = [
      ['array', '[]', json, 'invalid_request'],
      ['null', 'null', json, 'invalid_request'],
      ['string', '"x"', json, 'invalid_request'],
      ['cut off', '{"description":"x', json, 'invalid_request'],
      ['two values', '{}{}', json, 'invalid_request'],
      ['text', 'x', { 'content-type': 'text/plain' }, 'unsupported_media_type'],
      ['no type', '{}', { 'content-type': '' }, 'unsupported_media_type'],
      ['look-alike type', '{}', { 'content-type': 'application/jsonp' }, 'unsupported_media_type'],
      ['form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 'unsupported_media_type'],
      ['charset', '{}', { 'content-type': 'application/json; charset=utf-7' }, 'unsupported_media_type'],
      ['encoding', '{}', { ...json, 'content-encoding': 'zstd-x' }, 'unsupported_media_type'],
      ['not gzip', '{}', { ...json, 'content-encoding': 'gzip' }, 'invalid_request'],
      ['too large', JSON.stringify({ description: 'x'.repeat(2_200_000) }), json, 'payload_too_large'],
    ];
    for (const [what, body, headers, code] of table)
      expect([what, await codeOf('PUT', '/v1/groups/kind', body, headers)]).toEqual([what, code]);
    const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20));
    const token = await admin('POST', '/v1/tokens', { name: 'bomb', expiresInSeconds: 60 });
    const answer = await fetch(`${plane.url}/v1/groups/bomb`, {
      method: 'PUT',
      headers: { ...json, 'content-encoding': 'gzip', authorization: `Bearer ${String(token.body['token'])}` },
      body: new Uint8Array(bomb),
    });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([413, expect.stringContaining('problem+json')]);
  });

  test('with characters that the database cannot keep are wrong, wherever they stand', async () => {
    const id = `apr_${'0'.repeat(26)}`;
    for (const bad of ['a\0b', 'a\ud800b']) {
      const spelled = JSON.stringify({ reason: bad });
      expect(await codeOf('POST', `/v1/approvals/${id}/deny`, spelled)).toBe('invalid_request');
      expect(await codeOf('POST', `/v1/approvals/${id}/approve`, spelled)).toBe('invalid_request');
      expect(await codeOf('POST', '/v1/tokens', JSON.stringify({ name: bad }))).toBe('invalid_request');
      const claims = JSON.stringify({ issuer: 'x', claims: { sub: bad, [`k${bad}`]: 'v' } });
      expect(await codeOf('PUT', '/v1/subagents/x', claims)).toBe('invalid_request');
      expect(await codeOf('PUT', '/v1/policy-sets/x', JSON.stringify({ text: bad }))).toBe('invalid_request');
      expect(await codeOf('POST', '/v1/policy-sets/x/validate', JSON.stringify({ text: bad }))).toBe('invalid_request');
    }
  });

  test('hold no more than their noun may', async () => {
    const claims = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`c${index}`, 'v']));
    expect(await codeOf('PUT', '/v1/subagents/x', { issuer: 'x', claims: { sub: 'x', ...claims } })).toBe(
      'invalid_request',
    );
  });
});

describe('what a route does not read', () => {
  test('is told, not passed over: a body, or a query', async () => {
    await admin('PUT', '/v1/issuers/idp', issuer);
    await admin('PUT', '/v1/subagents/read', { issuer: 'idp', claims: { sub: 'read' } });
    const disable = await admin('POST', '/v1/subagents/read/disable', { disabled: false });
    expect(disable.body).toMatchObject({ status: 400, errors: [{ path: 'disabled', message: 'unknown field' }] });
    expect((await admin('GET', '/v1/subagents/read')).body['disabled']).toBe(false);
    const query = await admin('GET', '/v1/subagents/read?fields=name');
    expect(query.body).toMatchObject({ status: 400, errors: [{ path: 'fields', message: 'unknown field' }] });
    expect(await codeOf('DELETE', '/v1/subagents/read?force=false')).toBe('invalid_request');
    expect(await codeOf('PUT', '/v1/groups/read?dryRun=true', {})).toBe('invalid_request');
    expect(await codeOf('GET', '/v1/groups/read')).toBe('not_found');
    expect(await codeOf('POST', '/v1/subagents/read/disable', [1])).toBe('invalid_request');
    // Nothing is nothing, and probes add what they like.
    expect(await codeOf('POST', '/v1/subagents/read/disable', {})).toBe(200);
    expect(await codeOf('POST', '/v1/subagents/read/enable')).toBe(200);
    expect(await codeOf('GET', '/healthz?probe=1')).toBe(200);
  });
});

const issuer = {
  issuer: 'https://idp.test',
  audiences: ['a'],
  keys: [{ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }],
};

describe('below HTTP', () => {
  /** Bytes in, the whole answer out. */
  const raw = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(plane.url);
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.once('error', reject);
      socket.once('close', () => resolve(answer));
    });

  test('what is no HTTP, or too long a head, is told as a problem', async () => {
    const cases: readonly (readonly [string, string, number])[] = [
      ['no HTTP', 'hello\r\n\r\n', 400],
      ['two lengths', 'POST /v1/users HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab', 400],
      [
        'length and chunks',
        'POST /v1/users HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
        400,
      ],
      ['long head', `GET /v1/me HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
    ];
    for (const [what, bytes, status] of cases) {
      const answer = await raw(bytes);
      expect([what, answer.split('\r\n')[0]]).toEqual([what, expect.stringContaining(`HTTP/1.1 ${status}`)]);
      expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
      expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status, code: expect.any(String) });
    }
  });
});
