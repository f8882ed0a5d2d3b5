import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAs, waitFor } from '../caller.js';
import { findInMemory } from '../memory.js';
import type { Scene, Stage } from '../stage.js';

interface Page<Item> {
  readonly items: readonly Item[];
}
interface Session {
  readonly id: string;
  readonly closedAt: string | null;
}
interface Statement {
  readonly sequence: number;
  readonly text: string;
  readonly verdict: string;
  readonly status: string | null;
}

async function lastSession(stage: Stage, principal: string): Promise<Session | undefined> {
  const page = (await stage.stack.admin.expect(
    'GET',
    `/v1/sessions?principal=${principal}&limit=1`,
  )) as unknown as Page<Session>;
  return page.items[0];
}

const statementsOf = async (stage: Stage, session: string): Promise<readonly Statement[]> =>
  (
    (await stage.stack.admin.expect(
      'GET',
      `/v1/sessions/${session}/statements?limit=200`,
    )) as unknown as Page<Statement>
  ).items;

export const audited: Scene = {
  title: '(f) the audit of all this, command by command',
  play: async (stage) => {
    const { client } = await connectAs(stage.stack, 'etl');
    await client.query('select count(*) from payments where amount > 10');
    await client.query('drop table invoices').catch(() => undefined);
    await client.end();
    const session = await waitFor('the session in the audit', async () => {
      const found = await lastSession(stage, 'etl');
      if (found === undefined || found.closedAt === null) return undefined;
      const told = await statementsOf(stage, found.id);
      return told.length === 2 && told.some(({ text }) => text.includes('amount > 10')) ? found : undefined;
    });
    const shown = await stage.stack.sally(['sessions', 'show', session.id]);
    stage.show(`sally sessions show ${session.id}`, shown.stdout + shown.stderr);
    stage.check(
      'sally sessions show tells both commands',
      shown.stdout.includes('count(*)') && shown.stdout.includes('refused: denied'),
      shown,
    );
    const statements = await statementsOf(stage, session.id);
    stage.check(
      'REST tells the same: one allowed and completed, one refused',
      statements.map((one) => one.verdict).join() === 'allowed,refused' && statements[0]?.status === 'completed',
      statements,
    );
  },
};

export const survives: Scene = {
  title: '(g) the control plane is killed with a session open: it goes on; nothing is lost, nothing double',
  play: async (stage) => {
    const { stack } = stage;
    const { client } = await connectAs(stack, 'analyst-bot');
    await client.query('select 1 as before');
    await stack.programs.get('control-plane')?.kill();
    stage.show('kill -9 <control plane>', '');
    const during = await client.query<{ n: string }>('select count(*) as n from invoices where id > 7');
    stage.check('the open session goes on, new statements are decided', during.rows[0]?.n === '39993', during.rows);
    const refused = await client.query('truncate invoices').then(
      () => 'ran',
      (error: Error) => error.message,
    );
    stage.check('and refused', refused.includes('not for production'), refused);
    const fresh = await connectAs(stack, 'etl');
    await fresh.client.query('select 2 as new_session');
    await fresh.client.end();
    stage.check('new sessions open too', true);
    await stack.restart('control-plane');
    stage.show('(the control plane is back)', '');
    await client.query('select 3 as after');
    await client.end();
    const session = await waitFor(
      'the whole session in the audit',
      async () => {
        const found = await lastSession(stage, 'analyst-bot');
        return found?.closedAt != null && (await statementsOf(stage, found.id)).length >= 4 ? found : undefined;
      },
      20_000,
    );
    const statements = await statementsOf(stage, session.id);
    stage.show(
      `GET /v1/sessions/${session.id}/statements`,
      statements.map((one) => `${one.sequence} ${one.verdict} ${one.status ?? ''} ${one.text}`).join('\n'),
    );
    stage.check('nothing lost: all four statements are there', statements.length === 4, statements.length);
    stage.check('nothing double', new Set(statements.map((one) => one.sequence)).size === 4);
    stage.check(
      'every one has its outcome',
      statements.every((one) => one.verdict === 'refused' || one.status === 'completed'),
      statements,
    );
  },
};

export const credentialNowhere: Scene = {
  title: "(h) the agent's credential is found nowhere else",
  play: async (stage) => {
    const { stack } = stage;
    const secret = stack.targetPassword;
    const files = await filesBelow(join(stack.directory, 'proxy'));
    const logs = await filesBelow(join(stack.directory, 'logs'));
    const holds = async (paths: readonly string[]): Promise<readonly string[]> => {
      const found: string[] = [];
      for (const path of paths) if ((await readFile(path)).includes(secret)) found.push(path);
      return found;
    };
    stage.check(`not in the proxy's state (${files.length} files)`, (await holds(files)).length === 0);
    stage.check(`not in any log (${logs.length} files)`, (await holds(logs)).length === 0);
    const proxy = stack.programs.get('proxy');
    const memory = proxy === undefined ? undefined : await findInMemory(proxy.pid, secret);
    if (memory !== undefined) stage.check(`not in the proxy's memory (${memory.megabytes} MB searched)`, !memory.found);
    else stage.screen("  - the proxy's memory cannot be read on this machine: not searched");
    const agent = stack.programs.get('agent');
    const held = agent === undefined ? undefined : await findInMemory(agent.pid, secret);
    if (held !== undefined) stage.check("(the search works: it is in the agent's)", held.found);
    stage.check("not in the control plane's database or audit", !(await databaseHolds(stage, secret)));
  },
};

async function filesBelow(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function databaseHolds(stage: Stage, secret: string): Promise<boolean> {
  const client = await stage.stack.database.connect('sallyport');
  try {
    const { rows } = await client.query<{ name: string }>(
      "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'",
    );
    for (const { name } of rows) {
      const answer = await client.query<{ found: boolean }>(
        `select exists (select from ${name} t where to_jsonb(t)::text like '%' || $1 || '%' or to_jsonb(t)::text like '%' || encode($1::bytea, 'hex') || '%') as found`,
        [secret],
      );
      if (answer.rows[0]?.found === true) return true;
    }
    return false;
  } finally {
    await client.end();
  }
}
