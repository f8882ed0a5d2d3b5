import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@sallyport/testing';
import { startStack } from '@sallyport/tools';
import type { Stack } from '@sallyport/tools';
import type { Client } from 'pg';
import { encodeQuery } from '@sallyport/postgres';
import { callers } from './case.js';
import type { Caller } from './case.js';
import { openSession } from './session.js';
import type { Session, Way } from './session.js';
import { classes, tags } from './tags.js';

export const database = 'corpus';
/** The same once more, which no gateway knows: what is run there may do what it wants. */
export const scratch = 'scratch';
const role = 'billing_service';
/** Who comes from here is let in by the target without a password. */
const directFrom = '127.0.0.3';

/** One subagent; what it may do depends on the connection. Everything is masked for it everywhere. */
const policies: Readonly<Record<Caller, string>> = {
  reader: `permit (principal, action in [Action::"connect", Action::"read"], resource in Connection::"reader");`,
  writer: `permit (principal,
    action in [Action::"connect", Action::"read", Action::"write", Action::"define", Action::"call"],
    resource in Connection::"writer");`,
  lenient: `permit (principal,
    action in [Action::"connect", Action::"read", Action::"write", Action::"define", Action::"call"],
    resource in Connection::"lenient");`,
  curious: `permit (principal, action, resource in Connection::"curious");
    forbid (principal, action == Action::"reveal", resource);`,
  held: `permit (principal, action in [Action::"connect", Action::"read"], resource in Connection::"held");
    @approval("1") permit (principal, action in Action::"write", resource in Connection::"held");`,
};

/** All that they could ever say is looked through (mouths.ts). */
const talkative = { SALLYPORT_LOG_LEVEL: 'debug' };

export interface Scene {
  readonly stack: Stack;
  /** A superuser at the target, past the gateway. */
  readonly admin: Client;
  open(who: Caller | 'direct', database?: string, more?: Partial<Way>): Promise<Session>;
  stop(): Promise<void>;
}

export async function openScene(): Promise<Scene> {
  const stack = await startStack({
    holdSeconds: 2,
    progress: () => undefined,
    settings: { 'control-plane': talkative, proxy: talkative, agent: talkative },
  });
  try {
    const admin = await makeDatabase(stack, database);
    await (await makeDatabase(stack, scratch)).end();
    const { rows } = await admin.query<{ hba_file: string }>('show hba_file');
    const file = rows[0]?.hba_file ?? '';
    await writeFile(file, `host all all ${directFrom}/32 trust\n${await readFile(file, 'utf8')}`);
    await admin.query('select pg_reload_conf()');
    await govern(stack);
    const password = await stack.token('etl');
    const open: Scene['open'] = (who, at = database, more = {}) => openSession({ ...wayOf(who, at), ...more });
    const wayOf = (who: Caller | 'direct', at: string): Way =>
      who === 'direct'
        ? { port: stack.target.port, user: role, password: '', database: at, localAddress: directFrom, startup: { options: '-c statement_timeout=10s' } }
        : {
            port: stack.proxyPort,
            user: who,
            password,
            database: at,
            ...(who === 'held' ? { startup: { options: '-c sallyport.hold=0' } } : {}),
          };
    for (const caller of callers) await until(() => serves(() => open(caller)), `${caller} is served`, 60_000);
    return {
      stack,
      admin,
      open,
      async stop() {
        await admin.end().catch(() => undefined);
        await stack.stop();
      },
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/** Owned by the role that the agent logs in with, as a service owns its own. */
async function makeDatabase(stack: Stack, name: string): Promise<Client> {
  await stack.target.createDatabase(name);
  const admin = await stack.target.connect(name);
  await admin.query(`alter database ${name} owner to ${role}; alter schema public owner to ${role}`);
  await admin.query(`set session authorization ${role}`);
  await admin.query(await readFile(join(import.meta.dirname, 'fixture.sql'), 'utf8'));
  await admin.query('reset session authorization; analyze');
  return admin;
}

async function govern(stack: Stack): Promise<void> {
  const file = join(stack.directory, 'corpus.yaml');
  const documents = [
    ...Object.entries(classes).map(([name, mask]) => ({ kind: 'Class', name, spec: { mask } })),
    ...callers.map((name) => ({
      kind: 'Connection',
      name,
      spec: {
        protocol: 'postgres',
        environment: 'corpus',
        host: '127.0.0.1',
        port: stack.target.port,
        tls: 'disable',
        database,
        databases: [database],
        agents: ['billing-agent'],
        credential: 'billing',
        ...(name === 'lenient' ? { unprovable: 'mask' } : {}),
        tags,
      },
    })),
    { kind: 'PolicySet', name: 'corpus', spec: { text: Object.values(policies).join('\n'), publish: true } },
  ];
  await writeFile(file, documents.map((document) => JSON.stringify(document)).join('\n---\n'));
  const applied = await stack.sally(['apply', '-f', file]);
  if (applied.exitCode !== 0) throw new Error(applied.stderr);
}

/** The policy is in force, and the proxy knows the catalog: a masked column is shown, and is masked. */
async function serves(open: () => Promise<Session>): Promise<boolean> {
  try {
    const session = await open();
    const { messages } = await session.ask(encodeQuery('select ssn from people where id = 1'));
    session.end();
    return messages.some((message) => message.type === 'row');
  } catch {
    return false;
  }
}
