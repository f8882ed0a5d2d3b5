import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Client } from 'pg';
import type { Case } from './case.js';
import type { CorpusFile } from './files.js';
import { scratch } from './scene.js';
import type { Scene } from './scene.js';
import { query } from './send.js';
import type { Session } from './session.js';

/** Whatever is allowed as a read is run on a database of its own, past the gateway: it must be the same afterwards. */
export const execution = (scene: () => Scene, files: readonly CorpusFile[]): void =>
  describe('what is allowed as a read changes nothing', () => {
    let admin: Client;
    let session: Session;
    beforeAll(async () => {
      admin = await scene().stack.target.connect(scratch);
      session = await scene().open('direct', scratch);
    });
    afterAll(async () => {
      session.end();
      await admin.end();
    });

    const reads = files
      .map(({ name, cases }) => ({ name, cases: cases.filter(({ expected }) => expected.get('reader')?.verdict === 'allow') }))
      .filter(({ cases }) => cases.length > 0);
    test.each(reads)('$name', async ({ cases }) => {
      const changed: string[] = [];
      let before = await digestOf(admin);
      for (const given of cases) {
        await run(session, given);
        const after = await digestOf(admin);
        if (after !== before) changed.push(given.sql);
        before = after;
      }
      expect(changed).toEqual([]);
    });

    test.each([
      ['a row', 'update orders set note = note || note where id = 1'],
      ['a table', 'create table changed (id int)'],
      ['a sequence, whatever is rolled back', `begin; select nextval('ticket'); rollback`],
      ['a large object', 'select lo_create(0)'],
      ['a right', 'grant select on orders to public'],
      ['a function', 'alter function remover() cost 7'],
      ['a setting of the role', `alter role billing_service set work_mem = '1MB'`],
    ])('a change is seen: %s', async (_, sql) => {
      const before = await digestOf(admin);
      await session.ask(query(sql));
      expect(await digestOf(admin)).not.toBe(before);
    });
  });

async function run(session: Session, { text, first, between, bare }: Case): Promise<void> {
  for (const statement of [...(bare ? [] : ['begin']), ...first, ...between, text]) await session.ask(query(statement));
  // Whatever it was in the middle of is done.
  for (const statement of ['commit', 'discard all']) await session.ask(query(statement));
}

/** What is counted and estimated, and changes by itself. */
const restless = ['relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid'];

/** By the column that says which object a row is about: the server's own are left alone by whoever is no superuser. */
const catalogs = Object.entries({
  oid: `pg_class pg_proc pg_type pg_namespace pg_trigger pg_rewrite pg_constraint pg_policy pg_cast pg_operator pg_enum pg_extension
    pg_attrdef pg_foreign_server pg_foreign_data_wrapper pg_user_mapping pg_language pg_event_trigger pg_publication pg_subscription
    pg_statistic_ext pg_default_acl pg_largeobject_metadata pg_authid pg_tablespace`,
  attrelid: 'pg_attribute',
  indexrelid: 'pg_index',
  aggfnoid: 'pg_aggregate',
  objoid: 'pg_description pg_seclabel',
  inhrelid: 'pg_inherits',
  seqrelid: 'pg_sequence',
  loid: 'pg_largeobject',
  roleid: 'pg_auth_members',
}).flatMap(([key, names]) => names.split(/\s+/).map((name) => `${name} c where ${key}::oid >= 16384`));

/** Of every row of every table and sequence, and of all that the catalog has. */
async function digestOf(admin: Client): Promise<string> {
  const { rows: relations } = await admin.query<{ name: string }>(
    `select oid::regclass::text as name from pg_class where relkind in ('r', 'm', 'S')
     and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
     and relpersistence <> 't' and relnamespace <> 'pg_toast'::regnamespace order by 1`,
  );
  const parts = [
    ...relations.map(({ name }) => `select md5(string_agg(row(r.*)::text, '|' order by row(r.*)::text)) from ${name} r`),
    ...[...catalogs, 'pg_db_role_setting c', 'pg_replication_slots c'].map(
      (from) =>
        `select md5(string_agg(t, '|' order by t)) from (select (to_jsonb(c) - array['${restless.join(`','`)}'])::text t from pg_catalog.${from}) c`,
    ),
  ];
  const { rows } = await admin.query<{ digest: string }>(
    `select md5(string_agg(coalesce(m, '-'), ',')) as digest from (${parts.join(' union all ')}) d(m)`,
  );
  return rows[0]?.digest ?? '';
}
