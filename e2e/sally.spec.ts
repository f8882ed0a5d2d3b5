import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import pg from 'pg';
import { freePort, until } from '@sallyport/testing';
import { type Stack, audience, connectAs, errorOf, hasPsql, rootDirectory, startStack } from '@sallyport/tools';
import { type Running, runProcess, spawnSally } from '../apps/cli/testing/process.js';
import { makeCertificate } from '../apps/cli/testing/tls-front.js';

// Each test starts processes, on a machine that others use.
jest.setTimeout(120_000);

let stack: Stack;
let directory: string;
let files: { readonly ca: string; readonly token: string; readonly clientSecret: string };
let token: string;
const running: Running[] = [];
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-sally-'));
  const { authority, certificate, key } = await makeCertificate(['localhost']);
  stack = await startStack({ holdSeconds: 2, progress: () => undefined, proxyTls: { certificate, key } });
  token = await stack.token('etl');
  files = { ca: join(directory, 'ca.pem'), token: join(directory, 'token'), clientSecret: join(directory, 'secret') };
  writeFileSync(files.ca, authority);
  writeFileSync(files.token, token, { mode: 0o600 });
  writeFileSync(files.clientSecret, `${stack.clientSecret('etl')}\n`, { mode: 0o600 });
}, 240_000);
afterAll(async () => {
  for (const { child, exitCode } of running) {
    child.kill('SIGTERM');
    await exitCode;
  }
  await stack.stop();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

/** `sally connect`, up; where it listens and all that it says. */
async function connect(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const sally = spawnSally(['connect', 'billing', ...args], { env });
  running.push(sally);
  await until(
    () => /Node \(pg\).*\n/.test(sally.said.stdout) || sally.child.exitCode !== null,
    'sally connect is up',
    60_000,
  );
  return { sally, port: Number(/127\.0\.0\.1:(\d+) until/.exec(sally.said.stdout)?.[1]) };
}
const gate = () => ['--gate', `localhost:${stack.proxyPort}`, '--ca', files.ca];

async function clientAt(port: number): Promise<pg.Client> {
  // No password, no TLS, any user: the client knows of none of it.
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'anybody', database: 'app' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
const masked = 'select card_number from payments order by id limit 1';

describe('sally connect', () => {
  test('clients that know no token work through the local port, several at once, until Ctrl-C', async () => {
    const { sally, port } = await connect(gate(), { SALLYPORT_TOKEN: token });
    const clients = await Promise.all(Array.from({ length: 6 }, () => clientAt(port)));
    const answers = await Promise.all(clients.map((client) => client.query<{ card_number: string }>(masked)));
    expect(new Set(answers.map(({ rows }) => rows[0]?.card_number))).toEqual(new Set(['************9196']));
    const error = await errorOf(clients[0]?.query('drop table payments') ?? Promise.resolve());
    expect(error?.code).toBe('42501');
    const prepared = await clients[0]?.query('select $1::int + 1 as n', [41]);
    expect(prepared?.rows).toEqual([{ n: 42 }]);

    const command = readFileSync(`/proc/${sally.child.pid ?? 0}/cmdline`, 'utf8');
    expect(command + sally.said.stdout + sally.said.stderr).not.toContain(token);
    const ended = Promise.all(clients.map((client) => new Promise<void>((resolve) => client.once('end', resolve))));
    sally.child.kill('SIGINT');
    expect(await sally.exitCode).toBe(0);
    await ended;
    await expect(clientAt(port)).rejects.toThrow('ECONNREFUSED');
  });

  test('a query is cancelled through it', async () => {
    const { port } = await connect(gate(), { SALLYPORT_TOKEN: token });
    const client = await clientAt(port);
    const endless = client.query('select count(*) from payments a, payments b, payments c, payments d');
    const refused = errorOf(endless);
    const target = await stack.target.connect('app');
    await until(async () => {
      const { rowCount } = await target.query(
        "select from pg_stat_activity where state = 'active' and backend_type = 'client backend' and pid <> pg_backend_pid() and query like '%payments d%'",
      );
      return rowCount === 1;
    }, 'it runs');
    await target.end();
    const { processID, secretKey } = client as unknown as { readonly processID: number; readonly secretKey: number };
    const canceller = new pg.Client({ host: '127.0.0.1', port, user: 'anybody', database: 'app' });
    const { connection } = canceller as unknown as {
      readonly connection: {
        connect(port: number, host: string): void;
        cancel(pid: number, key: number): void;
        on(event: string, listener: () => void): void;
      };
    };
    connection.on('connect', () => connection.cancel(processID, secretKey));
    connection.connect(port, '127.0.0.1');
    expect((await refused)?.code).toBe('57014');
    await client.end();
  });

  test('psql, where it is installed', async () => {
    const { port } = await connect(gate(), { SALLYPORT_TOKEN: token });
    // Told either way: which client this run has tried.
    process.stdout.write(
      hasPsql ? 'sally connect: tried with psql and pg\n' : 'sally connect: no psql here, tried with pg\n',
    );
    if (!hasPsql) return expect((await (await clientAt(port)).query(masked)).rows).toHaveLength(1);
    const child = spawn('psql', [`host=127.0.0.1 port=${port} dbname=app user=root`, '-XAtc', masked], {
      env: { PATH: process.env['PATH'] ?? '' },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await new Promise((resolve) => child.once('close', resolve));
    expect(text).toBe('************9196\n');
  });

  test('a token file is read for each connection: a token may be renewed', async () => {
    const { sally, port } = await connect([...gate(), '--token-file', files.token]);
    await (await clientAt(port)).end();
    writeFileSync(files.token, 'eyJ.worthless.token');
    expect((await errorOf(clientAt(port)))?.code).toBe('28P01');
    writeFileSync(files.token, await stack.token('etl'));
    await (await clientAt(port)).end();
    writeFileSync(files.token, token);
    expect(sally.said.stderr).toBe('');
  });

  test('a command gives the token, anew for each connection', async () => {
    const { port } = await connect([...gate(), '--token-command', `cat ${files.token}`]);
    await (await clientAt(port)).end();
  });

  test.each([
    ['no token', [], 64, 'SALLYPORT_TOKEN holds no token'],
    ['a token file that is not there', ['--token-file', '/nowhere'], 78, '/nowhere cannot be read'],
    ['a token command that fails', ['--token-command', 'echo s3cret >&2; exit 3'], 78, 'token command failed (3)'],
  ])('%s is told at once', async (_name, args, exitCode, why) => {
    const sally = spawnSally(['connect', 'billing', ...gate(), ...args]);
    expect([await sally.exitCode, sally.said.stderr]).toEqual([exitCode, expect.stringContaining(why)]);
    expect(sally.said.stderr).not.toContain('s3cret');
  });

  test('a gate whose certificate names another host, or whose authority is unknown, gets no token', async () => {
    for (const args of [
      ['--gate', `127.0.0.1:${stack.proxyPort}`, '--ca', files.ca],
      ['--gate', `localhost:${stack.proxyPort}`],
    ]) {
      const { sally, port } = await connect(args, { SALLYPORT_TOKEN: token });
      const error = await errorOf(clientAt(port));
      expect([error?.code, error?.message]).toEqual(['08001', expect.stringContaining('certificate must prove')]);
      expect(error?.hint).toContain('--ca');
      await until(() => sally.said.stderr.includes('certificate must prove'), 'sally says it too');
    }
  });

  test('a taken port is a usage error with a way out; --json is one document', async () => {
    const first = spawnSally(['connect', 'billing', ...gate(), '--json'], { env: { SALLYPORT_TOKEN: token } });
    running.push(first);
    await until(() => first.said.stdout.endsWith('}\n'), 'it is up', 60_000);
    const { port, lines, ...said } = JSON.parse(first.said.stdout) as {
      readonly port: number;
      readonly lines: readonly { readonly for: string; readonly line: string }[];
    };
    expect(said).toEqual({ host: '127.0.0.1', connection: 'billing', gate: `localhost:${stack.proxyPort}` });
    expect(lines.map((each) => each.for)).toEqual(
      expect.arrayContaining([
        'psql',
        'URI',
        'JDBC',
        'environment',
        '.env',
        'Go (pgx)',
        'Python (psycopg)',
        'Node (pg)',
      ]),
    );
    const second = spawnSally(['connect', 'billing', ...gate(), '--port', String(port)], {
      env: { SALLYPORT_TOKEN: token },
    });
    expect([await second.exitCode, second.said.stderr]).toEqual([64, expect.stringContaining('--port')]);
  });
});

describe('ready lines', () => {
  const askNode = (client: string): string =>
    `import pg from 'pg'; const client = ${client}; await client.connect(); console.log((await client.query(${JSON.stringify(masked)})).rows[0].card_number); await client.end();`;
  /** What a person does with a line, by whom it is for. */
  const uses: readonly (readonly [name: string, needs: string, use: (line: string) => readonly string[]])[] = [
    ['psql', 'psql', (line) => ['sh', '-c', `${line} -XAtc "${masked}"`]],
    ['environment', 'psql', (line) => ['sh', '-c', `${line}; psql -XAtc "${masked}"`]],
    ['.env', 'psql', (line) => ['sh', '-c', `export '${line}'; psql "$DATABASE_URL" -XAtc "${masked}"`]],
    ['URI', 'psql', (line) => ['psql', line, '-XAtc', masked]],
    ['Node (pg)', 'node', (line) => [process.execPath, '--input-type=module', '-e', askNode(line)]],
  ];
  const use = async (name: string, output: string, env: Readonly<Record<string, string>>) => {
    const [, needs = '', command] = uses.find(([each]) => each === name) ?? [];
    const line =
      output
        .split('\n')
        .find((each) => each.startsWith(`  ${name}  `))
        ?.slice(name.length + 2)
        .trim() ?? '';
    expect([name, line]).toEqual([name, expect.stringContaining('billing')]);
    if (needs === 'psql' && !hasPsql) return '************9196\n';
    const [program = '', ...args] = command?.(line) ?? [];
    const child = spawn(program, args, {
      cwd: rootDirectory,
      env: { PATH: process.env['PATH'] ?? '', HOME: directory, ...env },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await new Promise((resolve) => child.once('close', resolve));
    return text;
  };

  test.each(uses.map(([name]) => name))('of the local port, for %s', async (name) => {
    const { sally } = await connect([...gate(), '--database', 'app'], { SALLYPORT_TOKEN: token });
    expect(await use(name, sally.said.stdout, {})).toBe('************9196\n');
  });

  test.each(uses.map(([name]) => name))('of the gate itself, for %s: the token is the password', async (name) => {
    const said = await runProcess(['connect', 'billing', ...gate(), '--direct', '--database', 'app']);
    expect([said.exitCode, said.stderr]).toEqual([0, '']);
    expect(await use(name, said.stdout, { PGPASSWORD: token })).toBe('************9196\n');
  });
});

describe('sally token', () => {
  const ask = (more: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const sally = spawnSally(['token', '--issuer', stack.issuer, '--client-id', 'etl', ...more], { env });
    return sally.exitCode.then((exitCode) => ({ exitCode, ...sally.said }));
  };

  test('prints the token of the identity provider, and nothing else; it opens the gate', async () => {
    const said = await ask(['--audience', audience], { CLIENT_SECRET: stack.clientSecret('etl') });
    expect([said.exitCode, said.stderr]).toEqual([0, '']);
    expect(decodeJwt(said.stdout.trim())).toMatchObject({ iss: stack.issuer, sub: 'etl', aud: audience });
    const client = new pg.Client({
      host: 'localhost',
      port: stack.proxyPort,
      user: 'billing',
      database: 'app',
      password: said.stdout.trim(),
      ssl: { ca: readFileSync(files.ca, 'utf8') },
    });
    await client.connect();
    expect((await client.query(masked)).rows).toEqual([{ card_number: '************9196' }]);
    await client.end();
  });

  test('--json, and a secret from a file', async () => {
    const said = await ask(['--audience', audience, '--client-secret-file', files.clientSecret, '--json']);
    expect(JSON.parse(said.stdout)).toMatchObject({ token: expect.stringMatching(/^eyJ/), expiresIn: 3600 });
  });

  test.each([
    ['a wrong secret', [], { CLIENT_SECRET: 'wr0ng-secret' }, 77, 'gave no token'],
    ['no secret', [], {}, 64, 'CLIENT_SECRET is not set'],
    ['an unknown client', ['--client-id', 'nobody'], { CLIENT_SECRET: 'wr0ng-secret' }, 77, 'gave no token'],
    ['nobody there', ['--issuer', 'NOBODY'], { CLIENT_SECRET: 'wr0ng-secret' }, 69, 'ECONNREFUSED'],
    ['no provider there', ['--issuer', 'SELF'], { CLIENT_SECRET: 'wr0ng-secret' }, 69, 'no token could be had'],
    [
      'an issuer in the clear',
      ['--issuer', 'http://idp.example.com'],
      { CLIENT_SECRET: 'wr0ng-secret' },
      64,
      'not encrypted',
    ],
  ])('%s: why, and not the secret', async (_name, more, env, exitCode, why) => {
    const issuers: Record<string, string> = {
      SELF: stack.controlPlaneUrl,
      NOBODY: `http://127.0.0.1:${await freePort()}`,
    };
    const args = more.map((arg) => issuers[arg] ?? arg);
    const said = await ask(['--audience', audience, ...args], env as Record<string, string>);
    expect([said.exitCode, said.stdout, said.stderr]).toEqual([exitCode, '', expect.stringContaining(why)]);
    expect(said.stderr).not.toContain('wr0ng-secret');
  });
});

describe('approvals and sessions', () => {
  const json = async (args: readonly string[], as?: string): Promise<unknown> => {
    const { exitCode, stdout, stderr } = await stack.sally([...args, '--json'], as);
    expect([args, exitCode, stderr]).toEqual([args, 0, '']);
    return JSON.parse(stdout);
  };

  test('a held command: asked for, seen, approved, run once', async () => {
    const deployer = await stack.token('deployer');
    const { client } = await connectAs(stack, 'deployer');
    const held = await errorOf(client.query('delete from payments where id = 77 -- \u001b[2J hidden?'));
    expect(held?.code).toBe('SP001');
    const { approval: id } = JSON.parse(held?.detail ?? '{}') as { readonly approval: string };

    const early = await stack.sally(['approvals', 'run', id], deployer);
    expect([early.exitCode, early.stderr]).toEqual([75, expect.stringContaining('nothing was run')]);
    expect((await stack.sally(['approvals', 'approve', id], deployer)).exitCode).toBe(77);
    const shown = await stack.sally(['approvals', 'show', id]);
    expect(shown.stdout).toContain('  delete from payments where id = 77 -- \\x1b[2J hidden?\n');
    expect((await stack.sally(['approvals', 'ls', '--state', 'pending'])).stdout).toContain(id);
    expect(await json(['approvals', 'ls', '--state', 'pending'])).toMatchObject({
      items: [{ id, state: 'pending' }],
      next: null,
    });
    expect((await stack.sally(['approvals', 'approve', id, '--reason', 'change 4711'])).stdout).toBe(
      `${id}: approved\n`,
    );

    const ran = await stack.sally(['approvals', 'run', id], deployer);
    expect([ran.exitCode, ran.stdout]).toEqual([0, `${id}: DELETE 1 (1 rows)\n`]);
    const again = await stack.sally(['approvals', 'run', id, '--json'], deployer);
    expect([again.exitCode, again.stdout]).toEqual([1, '']);
    expect(JSON.parse(again.stderr)).toMatchObject({ error: { code: 'conflict' } });
    expect((await stack.sally(['approvals', 'show', id])).stdout).toMatch(
      /^run {9}\S+ completed DELETE 1 \(1 rows\)$/m,
    );
    expect(await json(['approvals', 'show', id], deployer)).toMatchObject({ id, state: 'redeemed' });
    await client.end();
  });

  test('a denied one tells its reason', async () => {
    const { client } = await connectAs(stack, 'deployer');
    const held = await errorOf(client.query('delete from payments where id = 78'));
    const { approval: id } = JSON.parse(held?.detail ?? '{}') as { readonly approval: string };
    expect(await json(['approvals', 'deny', id, '--reason', 'not today'])).toMatchObject({ id, state: 'denied' });
    const ran = await stack.sally(['approvals', 'run', id], await stack.token('deployer'));
    expect([ran.exitCode, ran.stderr]).toEqual([1, expect.stringContaining('denied')]);
    await client.end();
  });

  test('a held write that is tried: its effect is seen before anybody agrees, and only then it stays', async () => {
    const policies = `@id("seen") @approval("1") @preview
permit (principal in Group::"deployers", action in Action::"write", resource in Connection::"billing");`;
    const set = join(directory, 'seen.yaml');
    writeFileSync(set, JSON.stringify({ kind: 'PolicySet', name: 'seen', spec: { text: policies, publish: true } }));
    expect((await stack.sally(['apply', '-f', set])).exitCode).toBe(0);
    const target = await stack.target.connect('app');
    const left = async () => (await target.query('select from payments where id in (81, 82)')).rowCount;
    const { client } = await connectAs(stack, 'deployer');
    let id = '';
    const effect = /^preview {5}public\.payments: 0 inserted, 0 updated, 2 deleted$/m;
    await until(async () => {
      // Until the policy is in force it is held without.
      const held = await errorOf(client.query('delete from payments where id in (81, 82)'));
      ({ approval: id } = JSON.parse(held?.detail ?? '{}') as { readonly approval: string });
      return effect.test((await stack.sally(['approvals', 'show', id])).stdout);
    }, 'it is tried');
    expect(await left()).toBe(2);
    const shown = (await stack.sally(['approvals', 'show', id])).stdout;
    expect(shown).toContain('************');
    const { rows } = await target.query<{ card_number: string }>(
      'select card_number from payments where id in (81, 82)',
    );
    for (const { card_number: card } of rows) expect(shown).not.toContain(card);

    await stack.sally(['approvals', 'approve', id]);
    const ran = await stack.sally(['approvals', 'run', id], await stack.token('deployer'));
    expect([ran.exitCode, ran.stdout, ran.stderr]).toEqual([0, `${id}: DELETE 2 (2 rows)\n`, '']);
    expect(await left()).toBe(0);
    await client.end();
    await target.end();
  });

  test('who was connected, and what they did', async () => {
    const { client } = await connectAs(stack, 'analyst-bot');
    await client.query(`select 1 as "${'\u202e'}x", 'line\r\nfeed'`);
    await errorOf(client.query('truncate payments'));
    await client.end();
    let id = '';
    await until(
      async () => {
        const { items } = (await json(['sessions', 'ls', '--principal', 'analyst-bot'])) as {
          readonly items: readonly {
            readonly id: string;
            readonly closedAt: string | null;
            readonly statements: number;
          }[];
        };
        id = items.find((session) => session.closedAt !== null && session.statements === 2)?.id ?? '';
        return id !== '';
      },
      'the session is told',
      30_000,
    );
    const shown = await stack.sally(['sessions', 'show', id]);
    expect(shown.stdout).toContain('refused: denied');
    expect(shown.stdout).toContain('\\u202e');
    expect(shown.stdout).not.toMatch(/[\u202e\r]/);
    const whole = (await json(['sessions', 'show', id])) as {
      readonly statements: readonly { readonly text: string }[];
    };
    expect(whole.statements.map(({ text }) => text)).toEqual([expect.stringContaining('\u202e'), 'truncate payments']);
    expect((await stack.sally(['sessions', 'ls', '--open'])).stdout).not.toContain(id);
  });

  test('a live session is cut', async () => {
    const { client } = await connectAs(stack, 'etl');
    await client.query('select 1 as cut_me');
    let id = '';
    await until(
      async () => {
        const { items } = (await json(['sessions', 'ls', '--principal', 'etl', '--open'])) as {
          readonly items: readonly { readonly id: string }[];
        };
        id = items[0]?.id ?? '';
        return id !== '';
      },
      'the session is told',
      30_000,
    );
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    expect(await json(['sessions', 'end', id])).toEqual({ ended: id });
    await ended;
  });

  test('a shell asks for names while somebody types, and gets no error in its line', async () => {
    expect(await stack.sally(['completion', '--names', 'connections'])).toEqual({
      exitCode: 0,
      stdout: 'billing\n',
      stderr: '',
    });
    const nobody = await runProcess(['completion', '--names', 'connections'], {
      env: { SALLYPORT_CONFIG_DIRECTORY: directory },
    });
    expect(nobody).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('nodes are here', async () => {
    expect(await json(['nodes', 'ls'])).toMatchObject({
      proxies: [{ name: 'gate-1' }],
      agents: [{ name: 'billing-agent' }],
    });
    expect((await stack.sally(['nodes', 'ls'])).stdout).toMatch(/^proxy +gate-1 +connected /m);
  });
});

describe('what is known of a target', () => {
  const sally = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await stack.sally(args);
    expect([args, exitCode, stderr]).toEqual([args, 0, '']);
    return stdout;
  };

  test('a table that was made past the gateway is read on order, its values are looked at, and what they hold becomes a tag', async () => {
    const card = '5105105105105100';
    const admin = await stack.target.connect('app');
    await admin.query(`
      create table public.remarks (id int, remark text);
      insert into public.remarks select n, 'paid with ${card}' from generate_series(1, 20) n;
      grant select on public.remarks to public`);
    await admin.end();
    await sally('catalog', 'read', 'billing');
    await until(async () => (await sally('catalog', 'columns', 'billing', '--relation', 'remarks')).includes('remark'));
    expect(await sally('catalog', 'ls')).toMatch(/billing +app +current/);

    const {
      name: _name,
      id: _id,
      createdAt: _made,
      updatedAt: _changed,
      catalogs: _read,
      ...fields
    } = await stack.admin.expect('GET', '/v1/connections/billing');
    await stack.admin.expect('PUT', '/v1/connections/billing', { ...fields, sampling: true });
    const suggested = 'public.remarks.remark';
    expect(await sally('suggestions', 'ls', 'billing')).not.toContain(suggested);
    // Ordered again until the agent has heard that it may.
    await until(
      async () => {
        await sally('suggestions', 'sample', 'billing');
        return (await sally('suggestions', 'ls', 'billing')).includes(suggested);
      },
      'values are looked at',
      60_000,
    );
    expect(await sally('suggestions', 'ls', 'billing')).toMatch(
      /public\.remarks\.remark +card_number +100 % of 20 values/,
    );
    await sally('suggestions', 'accept', 'billing', `${suggested}=card_number`);
    expect(await sally('get', 'column-tags', 'billing')).toContain('remark');

    const database = await stack.database.connect('sallyport');
    const { rows } = await database.query('select f::text from "ColumnFinding" f');
    await database.end();
    expect(rows.length).toBeGreaterThan(0);
    const said = [...stack.programs.values()].map(({ logPath }) => readFileSync(logPath, 'utf8')).join();
    expect(JSON.stringify(rows) + said).not.toContain(card);
  });
});
