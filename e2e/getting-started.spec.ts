import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestPostgres, freePort, startPostgres, until } from '@sallyport/testing';
import { hasPsql, rootDirectory } from '@sallyport/tools';

interface Block {
  /** What an HTML comment before it says: `terminal: agent`, `exits 1`, `input: ...`, `not run by the test ...`. */
  readonly directive: string;
  readonly code: string;
  readonly line: number;
}

/** The page's blocks that a person pastes. */
function blocksOf(page: string): readonly Block[] {
  const fence = /(?:<!-- ([^>]*) -->\n)?```sh\n([\s\S]*?)```/g;
  return [...page.matchAll(fence)].map(({ 1: directive = '', 2: code = '', index }) => ({
    directive,
    code,
    line: page.slice(0, index).split('\n').length,
  }));
}

const page = readFileSync(join(rootDirectory, 'docs/getting-started.md'), 'utf8');
const blocks = blocksOf(page);

/** What a reader must see, by words of the block, in the page's order. A block without a line here fails the test. */
const expected: readonly (readonly [words: string, seen: RegExp])[] = [
  ['git clone', /^$/],
  ['.sallyport/values <<', /^$/],
  ['create table payments', /CREATE TABLE|CREATE/],
  ['identity-provider.main.js', /^issuer http/m],
  ['apps/control-plane/dist/main.js', /^Sallyport control plane at/m],
  ['sally login', /Logged in at \S+ as ada \(admin\)/],
  ['people.yaml', /Subagent etl: would be created[\s\S]*Subagent deployer: created/],
  ['apps/agent/dist/main.js', /enrolled/],
  ['apps/proxy/dist/main.js', /enrolled/],
  ['sally nodes ls', /proxy +gate-1 +connected[\s\S]*agent +billing-agent +connected/],
  ['billing.yaml', /Class email: created\nConnection billing: created/],
  ['production.cedar', /PolicySet production: would be created[\s\S]*PolicySet production: created/],
  ["-c 'select * from payments order by id'", /\*{12}4242[\s\S]*g\*\*\*@example\.com/],
  ["-c 'drop table payments'", /ERROR: {2}DROP and TRUNCATE are not for production/],
  ['sally doctor billing', /^ok +proxy login [\s\S]*^ok +statement [\s\S]*^ok +policy of gate-1 /m],
  ["-c 'select max(amount) from payments'", /9\.11/],
  ['sally connect billing', /billing is at 127\.0\.0\.1:/],
  ["-c 'select count(*) from payments'", /^\s*4$/m],
  ["-c 'delete from payments where id = 1'", /NOTICE: {2}held for approval apr_\w+/],
  ['sally approvals show', /pending[\s\S]*delete from payments where id = 1[\s\S]*apr_\w+: approved/],
  [
    "-c 'delete from payments where id = 2'",
    /ERROR: {2}approval apr_\w+ is still pending\nDETAIL: {2}\{"code":"approval_pending"/,
  ],
  ['sally approvals run', /nothing was run: somebody must agree first/],
  ['sally approvals approve', /apr_\w+: approved\napr_\w+: DELETE 1 \(1 rows\)/],
  ['sally api-tokens create --user grace', /User grace: created/],
  ['sally sessions ls', /^ses_\w+ +etl +billing /m],
  ['sally sessions show', /ses_\w+: etl on billing\/app[\s\S]*from payments/],
  ['/v1/audit?principal=etl', /"items":\[\{[\s\S]*drop table payments/],
  ['sally logout', /Logged out/],
];

let scratch: string;
let target: TestPostgres;
let ports: Readonly<Record<string, number>>;
const terminals = new Map<string, { readonly child: ChildProcess; screen: string }>();
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'sallyport-getting-started-'));
  // PostgreSQL runs as a user of its own when we are root, and must get there.
  chmodSync(scratch, 0o755);
  // A checkout that is built, with room for what the page writes.
  for (const name of ['apps', 'tools', 'node_modules']) symlinkSync(join(rootDirectory, name), join(scratch, name));
  mkdirSync(join(scratch, 'home'));
  writeFileSync(join(scratch, 'environment'), '');
  target = await startPostgres();
  const owner = await target.connect();
  await owner.query("create role billing_service login password 'change-me'");
  await owner.query('create database app owner billing_service');
  await owner.end();
  // The page's ports may be taken by somebody else's demo.
  const names = ['5433', '7080', '7081', '7082', '7432', '7433', '7434', '7435', '9000'];
  const free: Record<string, number> = { 5432: target.port };
  for (const name of names) free[name] = await freePort();
  ports = free;
}, 120_000);
afterAll(async () => {
  await Promise.all([...terminals.keys()].reverse().map(interrupt));
  await target.stop();
  rmSync(scratch, { recursive: true, force: true });
}, 60_000);

/** The page relies on defaults; programs are told the ports of this run in their environment. */
const listeners: Readonly<Record<string, (port: (usual: string) => string) => Readonly<Record<string, string>>>> = {
  'control plane': (port) => ({
    SALLYPORT_HTTP_LISTEN: port('7080'),
    SALLYPORT_GRPC_LISTEN: port('7081'),
    SALLYPORT_ENROLMENT_LISTEN: port('7082'),
  }),
  proxy: (port) => ({
    SALLYPORT_POSTGRES_LISTEN: port('7432'),
    SALLYPORT_TUNNEL_LISTEN: port('7433'),
    SALLYPORT_HEALTH_LISTEN: port('7434'),
  }),
  agent: (port) => ({ SALLYPORT_HEALTH_LISTEN: port('7435') }),
};

let approval = 'apr_...';
let session = 'ses_...';
/** The only changes: ports that may be taken, the ids that a reader sees, and more patience with a slow machine. */
const asPasted = (code: string): string =>
  code
    .replace(/\b(5432|5433|7080|7081|7082|7432|7433|9000)\b/g, (usual) => String(ports[usual]))
    .replace('holdSeconds: 10 ', 'holdSeconds: 25 ')
    .replaceAll('apr_...', approval)
    .replaceAll('ses_...', session);

function bash(
  code: string,
  env: Readonly<Record<string, string>>,
  more: { readonly detached?: boolean } = {},
): ChildProcess {
  const standIn = hasPsql ? [] : [join(rootDirectory, 'e2e/stand-in')];
  return spawn('bash', ['-e', '-o', 'pipefail', '-c', code], {
    cwd: scratch,
    env: {
      HOME: join(scratch, 'home'),
      PATH: [...standIn, process.env['PATH'] ?? ''].join(':'),
      USER: 'stranger',
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...more,
  });
}

function listen(child: ChildProcess, onText: (text: string) => void): void {
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onText);
}

/** In the terminal that the reader works in: what one block exports the next one has. */
async function paste(
  code: string,
  input: string,
): Promise<{ readonly exitCode: number | null; readonly screen: string }> {
  const kept = join(scratch, 'environment');
  const child = bash(`. ${kept}; trap 'declare -px > ${kept}' EXIT\n${asPasted(code)}`, {});
  let screen = '';
  listen(child, (text) => (screen += text));
  child.stdin?.on('error', () => undefined).end(input);
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  session = /ses_\w+/.exec(screen)?.[0] ?? session;
  approval = [...screen.matchAll(/apr_\w+/g)].at(-1)?.[0] ?? approval;
  return { exitCode, screen };
}

/** In a terminal of its own, where it stays. */
function openTerminal(name: string, code: string): { screen: string } {
  const address = (usual: string): string => `127.0.0.1:${ports[usual]}`;
  const exports = Object.entries(listeners[name]?.(address) ?? {}).map(
    ([variable, value]) => `export ${variable}=${value}`,
  );
  // `sally` is no program of Sallyport's own configuration: it does not mind the others' variables.
  const child = bash(`. .sallyport/values\n${exports.join('\n')}\n${asPasted(code)}`, {}, { detached: true });
  const terminal = { child, screen: '' };
  listen(child, (text) => {
    terminal.screen += text;
    approval = [...text.matchAll(/apr_\w+/g)].at(-1)?.[0] ?? approval;
  });
  terminals.set(name, terminal);
  return terminal;
}

/** Ctrl-C. */
async function interrupt(name: string): Promise<void> {
  const { child } = terminals.get(name) ?? {};
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  process.kill(-child.pid, 'SIGINT');
  await ended;
}

/** A reader who does not see it yet looks again. Only where looking changes nothing. */
const isLook = (code: string): boolean =>
  /^(sally (nodes|sessions|doctor)|TOKEN=|export PGPASSWORD=.*\npsql .* -c 'select|PGPASSWORD= psql)/.test(code);

test('docs/getting-started.md works, pasted word by word', async () => {
  process.stdout.write(`getting started: ${hasPsql ? 'with psql' : 'no psql here, with the pg driver in its place'}\n`);
  for (const [at, { code, line }] of blocks.entries())
    expect([line, code]).toEqual([line, expect.stringContaining(expected[at]?.[0] ?? 'a line in `expected`')]);
  expect(blocks).toHaveLength(expected.length);
  for (const [at, { directive, code, line }] of blocks.entries()) {
    const seen = expected[at]?.[1] ?? /never/;
    const [, terminal] = /^terminal: (.+)$/.exec(directive) ?? [];
    if (directive.startsWith('not run')) continue;
    if (terminal !== undefined) {
      const opened = openTerminal(terminal, code);
      await until(
        () => seen.test(opened.screen),
        `line ${line}, the terminal “${terminal}” shows ${seen}`,
        90_000,
      ).catch((error: Error) => {
        throw new Error(`${error.message}; it shows:\n${opened.screen}`);
      });
      continue;
    }
    const input = directive.startsWith('input')
      ? `${/sps_\S+/.exec(terminals.get('control plane')?.screen ?? '')?.[0]}\n`
      : '';
    const wanted = Number(/^exits (\d+)$/.exec(directive)?.[1] ?? 0);
    let result = await paste(code, input);
    const holds = (): boolean => result.exitCode === wanted && seen.test(result.screen);
    for (let look = 1; isLook(code) && !holds() && look < 60; look++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      result = await paste(code, input);
    }
    if (!holds())
      throw new Error(
        `line ${line} exits ${result.exitCode} (${wanted} is right) and shows\n${result.screen}\nwhere ${seen} is right:\n${code}`,
      );
  }
  // What the page says beside its blocks.
  await until(() => /DELETE 1/.test(terminals.get('deploy script')?.screen ?? ''), 'the approved DELETE goes on');
  const left = await target.connect('app');
  expect((await left.query('select id from payments order by id')).rows).toEqual([{ id: 3 }, { id: 4 }]);
  await left.end();
}, 600_000);
