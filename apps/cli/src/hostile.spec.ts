import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sally } from '../testing/sally.js';
import { unsafe } from './output.js';

/** Clears the screen, sets a title, overwrites the line, starts one that looks like ours, turns the reading direction. */
const evil = '\u001b[2J\u001b]0;x\u0007\rapproved\nsally: all is well\n\u202e\u2066\u009b31m\u2028\u200b\u{e0041}';

const statement = {
  sequence: 1,
  at: evil,
  verdict: 'refused',
  text: evil,
  code: evil,
  reason: evil,
  approval: evil,
  status: evil,
  tag: evil,
  error: evil,
  rows: null,
  duration: 1,
  maskedColumns: [evil],
};
const session = {
  id: evil,
  caller: { name: evil, kind: evil },
  connection: evil,
  database: evil,
  proxy: evil,
  agent: evil,
  clientAddress: evil,
  openedAt: evil,
  closedAt: evil,
  closeCause: evil,
  statements: 1,
  refusals: 1,
};
const run = (completed: boolean) => ({
  id: evil,
  state: evil,
  createdAt: evil,
  result: { completed, tag: evil, rows: 1, code: evil, message: evil, columns: [evil], resultRows: [[evil, null]] },
});
const approval = {
  id: evil,
  state: evil,
  caller: { name: evil },
  onBehalfOf: [evil],
  connection: evil,
  database: evil,
  effect: evil,
  reason: evil,
  text: evil,
  parameters: [evil],
  behind: [{ name: evil, text: evil }],
  marks: [evil],
  policies: [evil],
  preview: {
    missing: null,
    tables: [{ schema: evil, name: evil, inserted: 0, updated: 1, deleted: 0 }],
    samples: [{ schema: evil, name: evil, rows: evil, columns: [evil], cells: [[evil], [null]] }],
    remarks: [evil],
  },
  needed: 1,
  words: [{ user: evil, agrees: true, reason: evil }],
  createdAt: evil,
  expiresAt: evil,
  runs: [run(true), run(false)],
};
const page = (item: unknown): unknown => ({ items: [item], next: null });
const node = {
  name: evil,
  disabled: false,
  connectedAt: evil,
  lastSeenAt: evil,
  softwareVersion: evil,
  certificateExpiry: evil,
  certificateOverdue: true,
  manifestVersion: 1,
  newestManifest: 1,
  refusal: evil,
};
const token = {
  id: evil,
  kind: evil,
  nodeName: evil,
  createdBy: evil,
  name: evil,
  user: evil,
  lastUsedAt: evil,
  expiresAt: evil,
  usedAt: evil,
  revokedAt: evil,
};
const noun = {
  ...{ name: evil, mask: evil, text: evil, publish: false, description: evil, items: [{ table: evil }] },
  ...{
    databases: ['app', evil, 'b'],
    agents: [evil, 'x'],
    audiences: [evil],
    claims: { [evil]: evil },
    keysProblem: evil,
  },
  catalogs: [
    { database: 'app', readBy: evil, readAt: evil, problem: evil },
    { database: evil, readBy: evil, readAt: evil, problem: null, state: evil, advice: evil, version: 1 },
  ],
};
const found = {
  ...{ database: evil, state: evil, advice: evil, readBy: evil, readAt: evil, problem: evil, version: 1 },
  ...{ schemas: 1, relations: 1, columns: 1, functions: 1, tagged: 0 },
  ...{ schema: evil, relation: evil, name: evil, kind: evil, owner: evil, parents: [evil] },
  ...{ column: evil, type: evil, classes: [evil] },
  ...{ table: evil, class: evil, reasons: [evil, 'values'], share: null, sampled: null, sampledAt: evil },
};
const problem = { title: evil, detail: evil, code: evil, errors: [{ path: evil, message: evil }] };

/** A control plane in enemy hands: right in form, evil in every text. */
const answers: readonly (readonly [RegExp, unknown, number?])[] = [
  // As an admin, so that `doctor` looks at everything.
  [/^GET \/v1\/me$/, { kind: evil, name: evil, role: 'admin' }],
  [/^GET \/readyz$/, { checks: { [evil]: evil } }, 503],
  [/^GET \/v1\/sessions\?/, page(session)],
  [/^GET \/v1\/sessions\/[^/]+$/, session],
  [/^GET \/v1\/sessions\/[^/]+\/statements/, page(statement)],
  [/^POST \/v1\/sessions\/[^/]+\/end$/, session, 202],
  [/^GET \/v1\/approvals\?/, page(approval)],
  [/^GET \/v1\/approvals\//, approval],
  [/^POST \/v1\/approvals\/good\/run/, run(true)],
  [/^POST \/v1\/approvals\/[^/]+\/run/, run(false)],
  [/^POST \/v1\/approvals\//, approval],
  [/^GET \/v1\/(proxies|agents)\?/, page(node)],
  [/^GET \/v1\/(join-)?tokens\?/, page(token)],
  [/^POST \/v1\/(join-)?tokens/, { token: evil }],
  [
    /^POST \/v1\/policy-sets\/[^/]+\/validate/,
    { valid: false, problems: [{ message: evil }], gaps: [{ policy: evil, connection: evil, message: evil }] },
  ],
  [/^GET \/v1\/connections\/[^/]+\/catalog\/(relations|columns)/, page(found)],
  [/^GET \/v1\/connections\/[^/]+\/catalog/, found],
  [/^POST \/v1\/connections\/[^/]+\/catalog\/read/, found, 202],
  [/^GET \/v1\/connections\/[^/]+\/suggestions/, page(found)],
  [/^POST \/v1\/connections\/[^/]+\/suggestions\/(accept|sample)/, found, 202],
  [/^GET \/v1\/[a-z-]+\?/, page(noun)],
  [/^GET \/v1\//, noun],
  [/^(PUT|DELETE) /, problem, 400],
];

let server: Server;
let env: Record<string, string>;
let refuse = false;
beforeAll(async () => {
  server = createServer((request, response) => {
    const [, body, status = 200] = answers.find(([route]) => route.test(`${request.method} ${request.url}`)) ?? [];
    request.resume();
    response.statusCode = refuse ? 409 : status;
    response.end(JSON.stringify(refuse ? problem : body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  env = { SALLYPORT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, SALLYPORT_TOKEN: 'sat_x' };
});
afterAll(() => {
  server.close();
});

const wish = (kind: string, spec: string): string => `kind: ${kind}\nname: x\nspec: ${spec}\n`;
const calls: readonly (readonly [readonly string[], string?])[] = [
  [['whoami']],
  [['sessions', 'ls']],
  [['sessions', 'show', 'ses_x']],
  [['sessions', 'end', 'ses_x']],
  [['approvals', 'ls']],
  [['approvals', 'show', 'apr_x']],
  [['approvals', 'approve', 'apr_x']],
  [['approvals', 'deny', 'apr_x', '--reason', 'no']],
  [['approvals', 'run', 'good']],
  [['approvals', 'run', 'bad']],
  [['apply', '-f', '-', '--dry-run'], wish('Class', '{ mask: hash }')],
  [['apply', '-f', '-', '--dry-run'], wish('PolicySet', '{ text: "permit\\nnothing\\n" }')],
  [['apply', '-f', '-', '--dry-run'], wish('ColumnTags', '{ items: [] }')],
  [['apply', '-f', '-'], wish('Class', '{ mask: hash }')],
  [['get', 'classes']],
  [['get', 'policy-set', 'x']],
  [['get', 'column-tags', 'x']],
  [['delete', 'class', 'x']],
  [['catalog', 'ls']],
  [['catalog', 'show', 'x']],
  [['catalog', 'relations', 'x']],
  [['catalog', 'columns', 'x']],
  [['catalog', 'read', 'x']],
  [['suggestions', 'ls', 'x']],
  [['suggestions', 'accept', 'x', '--all']],
  [['suggestions', 'accept', 'x', evil]],
  [['suggestions', 'sample', 'x']],
  [['nodes', 'ls']],
  [['doctor']],
  [['doctor', evil]],
  [['join-tokens', 'create', 'proxy', 'x']],
  [['join-tokens', 'ls']],
  [['join-tokens', 'rm', 'x']],
  [['api-tokens', 'create', '--name', 'x']],
  [['api-tokens', 'ls']],
  [['api-tokens', 'revoke', 'x']],
];

describe.each([false, true])('refusing everything: %s', (refusing) => {
  beforeAll(() => {
    refuse = refusing;
  });

  test.each(calls)('%j says nothing that a terminal obeys', async (args, input = '') => {
    for (const flags of [[], ['--json']]) {
      const { exitCode, stdout, stderr } = await sally([...args, ...flags], { env, input });
      expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(new RegExp(unsafe, 'u'));
      expect(stdout + stderr).not.toMatch(/^sally: all is well/m);
      expect(exitCode).not.toBe(70);
      if (refusing) expect(exitCode).toBe(1);
      if (flags.length > 0) for (const document of [stdout, stderr]) if (document !== '') JSON.parse(document);
      expect(stdout + stderr).not.toBe('');
    }
  });
});
