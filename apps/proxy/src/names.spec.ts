import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  encodeBind,
  encodeClose,
  encodeExecute,
  encodeFlush,
  encodeParse,
  encodeQuery,
  encodeSync,
} from '@sallyport/postgres';
import type { BackendMessage } from '@sallyport/postgres';
import { openTarget } from '@sallyport/postgres/login';
import { until } from '@sallyport/testing';
import type { Client } from 'pg';
import { agentsCatalog } from '../testing/agents-catalog.js';
import { subagent } from '../testing/billing.js';
import { openHouse } from '../testing/house.js';
import type { House } from '../testing/house.js';
import { connectRaw, endOf } from '../testing/raw-client.js';
import type { RawClient } from '../testing/raw-client.js';
import { loadAnalyses } from './analyses.js';

/**
 * A session that makes a name mean something else than it did: everything that this gateway believes of the name is then wrong.
 * `users` of `secure` has a masked column, `users` of `public` has not; what comes out must never be of the former.
 */
const policies = `
  permit (principal, action == Action::"connect", resource);
  permit (principal, action in [Action::"read", Action::"write", Action::"define"], resource);
`;

let house: House;
let admin: Client;
beforeAll(async () => {
  house = await openHouse({
    analyses: await loadAnalyses(),
    policies,
    subagents: [subagent('deployer')],
    open: openTarget,
    seed: ['create schema secure'],
    connection: { tags: [{ schema: 'secure', table: 'users', column: 'ssn', classes: ['secret'] }], detectors: false },
    readCatalog: agentsCatalog,
  });
  admin = await house.target.connect('app');
}, 60_000);
afterAll(async () => {
  await admin.end();
  await house.stop();
});

let client: RawClient;
beforeEach(async () => {
  // What a session left open would be waited for.
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await admin.query(`
    drop schema if exists public, secure cascade; create schema public; create schema secure;
    create table secure.users (id int, ssn text); insert into secure.users values (1, 'canary-one'), (2, 'canary-two');
    create table public.users (id int, ssn text); insert into public.users values (1, 'free');
    create table public.other (id int, ssn text); insert into public.other values (1, 'other')`);
  const look = await house.target.connect('app');
  await house.publish({ catalog: await agentsCatalog(look) });
  await look.end();
  client = await connectRaw({ port: house.proxy.ports.postgres, password: await house.token('deployer') });
});

afterEach(() => client.end());

/** All values and words that the client has heard. */
const heard = (): string =>
  client.heard
    .flatMap((message) => {
      if (message.type === 'row')
        return message.values.map((value) => (value === null ? '' : Buffer.from(value).toString()));
      return 'fields' in message ? [...message.fields.values()] : [];
    })
    .join('\n');

const isSet = (message: BackendMessage): boolean => message.type === 'complete' && message.tag === 'SET';

const evil = 'select upper(ssn) as ssn from secure.users';
const harmless = 'select upper(ssn) as ssn from public.users';

describe('a name that stands for something else now', () => {
  test('the scene is as it is told', async () => {
    await client.query(evil);
    expect(heard()).toContain('[redacted]');
    await client.query(harmless);
    expect(heard()).toContain('FREE');
    expect(heard().toLowerCase()).not.toContain('canary');
  });

  const attacks: readonly (readonly [string, () => Promise<unknown>])[] = [
    [
      'a statement that SQL prepared, and the protocol replaced',
      async () => {
        await client.query(`prepare p as ${harmless}`);
        await client.ask(encodeClose('statement', 'p'), encodeParse(evil, 'p'), encodeSync());
        await client.query('execute p');
      },
    ],
    [
      'the same, all in flight at once',
      async () => {
        client.send(
          encodeQuery(`prepare p as ${harmless}`),
          encodeClose('statement', 'p'),
          encodeParse(evil, 'p'),
          encodeSync(),
          encodeQuery('execute p'),
        );
        // One of them ended the login.
        await until(() => client.heard.filter(({ type }) => type === 'ready').length === 4);
      },
    ],
    [
      'a cursor that SQL declared, and the protocol replaced',
      async () => {
        await client.query('begin');
        await client.query(`declare c cursor for ${harmless}`);
        await client.ask(
          encodeClose('portal', 'c'),
          encodeParse(evil, 's'),
          encodeBind({ statement: 's', portal: 'c' }),
          encodeSync(),
        );
        await client.query('fetch all from c');
      },
    ],
    [
      'a cursor that ended with its transaction',
      async () => {
        await client.query('begin');
        await client.query(`declare c cursor for ${harmless}`);
        await client.query('commit');
        await client.query('begin');
        await client.ask(encodeParse(evil, 's'), encodeBind({ statement: 's', portal: 'c' }), encodeSync());
        await client.query('fetch all from c');
      },
    ],
    [
      'a portal that was bound while the path was another one',
      async () => {
        await client.query('set search_path = secure');
        await client.query('begin');
        await client.ask(
          encodeParse('select upper(ssn) from users', 's'),
          encodeBind({ statement: 's', portal: 'p' }),
          encodeSync(),
        );
        await client.query('set search_path = public');
        await client.ask(encodeExecute('p'), encodeSync());
      },
    ],
    [
      'the same, between two Syncs',
      async () => {
        await client.query('set search_path = secure');
        await client.query('begin');
        client.send(
          encodeParse('select upper(ssn) from users', 's'),
          encodeBind({ statement: 's', portal: 'p' }),
          encodeParse('set search_path = public', 't'),
          encodeBind({ statement: 't' }),
          encodeExecute(),
          encodeFlush(),
        );
        await until(() => client.heard.filter(isSet).length === 2);
        await client.ask(encodeExecute('p'), encodeSync());
      },
    ],
    [
      'a path that a savepoint brought back',
      async () => {
        await client.query('set search_path = secure');
        await client.query('begin');
        await client.query('savepoint a');
        await client.pipeline(['set search_path = public', 'rollback to a', 'select upper(ssn) from users']);
      },
    ],
    [
      'a table that was dropped: the next on the path',
      async () => {
        await client.query('set search_path = public, secure');
        await client.query('drop table public.users');
        await client.query('select upper(ssn) from users');
      },
    ],
    [
      'the same, by one text',
      async () => {
        await client.query('set search_path = public, secure');
        await client.query('drop table public.users; select upper(ssn) from users');
      },
    ],
    [
      'the same, in one pipeline',
      async () => {
        await client.query('set search_path = public, secure');
        await client.pipeline(['drop table public.users', 'select upper(ssn) from users']);
      },
    ],
    [
      'the same, in a transaction that another statement ends',
      async () => {
        await client.query('set search_path = public, secure');
        await client.query('begin');
        await client.query('drop table public.users');
        await client.query('select upper(ssn) from users');
        await client.query('commit');
        await client.query('select upper(ssn) from users');
      },
    ],
    [
      'a table that was renamed',
      async () => {
        await client.query('set search_path = public, secure');
        await client.query('alter table users rename to others');
        await client.query('select upper(ssn) from users');
      },
    ],
    [
      'a table that was moved to another schema',
      async () => {
        await client.query('create schema attic');
        await client.query('set search_path = public, secure');
        await client.query('alter table public.users set schema attic');
        await client.query('select upper(ssn) from users');
      },
    ],
    [
      'a schema that was renamed',
      async () => {
        await client.query('set search_path = public, secure');
        await client.query('alter schema public rename to attic');
        await client.query('select upper(ssn) from users');
      },
    ],
    [
      'a dropped table in another session of this proxy',
      async () => {
        await client.query('set search_path = public, secure');
        const second = await connectRaw({ port: house.proxy.ports.postgres, password: await house.token('deployer') });
        await second.query('drop table public.users');
        second.end();
        await client.query('select upper(ssn) from users');
      },
    ],
    [
      'a statement that was prepared before',
      async () => {
        await client.query('set search_path = public, secure');
        await client.ask(encodeParse('select upper(ssn) from users', 's'), encodeSync());
        await client.query('drop table public.users');
        await client.ask(encodeBind({ statement: 's' }), encodeExecute(), encodeSync());
      },
    ],
    [
      'a view whose columns changed places',
      async () => {
        await client.query('create view secure.v as select id::text as a, ssn as b from secure.users');
        await client.query('alter view secure.v rename column a to c');
        await client.query('select upper(b) from secure.v');
      },
    ],
    [
      'a masked column under another name',
      async () => {
        await client.query('alter table secure.users rename column ssn to note');
        await client.query('select upper(note) from secure.users');
        await client.query('select note from secure.users');
      },
    ],
    [
      'a masked table under another name',
      async () => {
        await client.query('alter table secure.users rename to people');
        await client.query('select upper(ssn) from secure.people');
        await client.query('select ssn from secure.people');
      },
    ],
    [
      'a temporary table in front of another',
      async () => {
        await client.query('create temp table users as select ssn from secure.users');
        await client.query('select ssn into temp other from secure.users');
        await client.query('select upper(ssn) from users');
        await client.query('select upper(ssn) from other');
      },
    ],
    [
      'a masked table made a part of another',
      async () => {
        await client.query('alter table secure.users inherit public.users');
        await client.query('select upper(ssn) from public.users');
      },
    ],
  ];
  test.each(attacks)('%s', async (_, attack) => {
    await attack();
    expect(heard().toLowerCase()).not.toContain('canary');
    // The session lives. Answers to what an attack did not wait for come first.
    const ends: (string | undefined)[] = [];
    while (ends.at(-1) !== 'ROLLBACK' && ends.length < 5) ends.push(endOf(await client.query('rollback')));
    expect(ends.at(-1)).toBe('ROLLBACK');
  });
});

describe('and what goes on as ever', () => {
  const ends = async (texts: readonly string[]): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const text of texts) found.push(endOf(await client.query(text)));
    return found;
  };

  test('a table that is made anew under its name', async () => {
    const texts = [
      'begin',
      'drop table if exists other',
      'create table other (id int, ssn text)',
      'create index on other (id)',
      "insert into other values (1, 'new')",
      'alter table other add column more int',
      'select upper(ssn) as ssn from other',
      'commit',
      'select upper(ssn) as ssn from other',
    ];
    expect(await ends(texts)).toEqual([
      'BEGIN',
      'DROP TABLE',
      'CREATE TABLE',
      'CREATE INDEX',
      'INSERT 0 1',
      'ALTER TABLE',
      'SELECT 1',
      'COMMIT',
      'SELECT 1',
    ]);
  });

  test('what was rolled back did not happen', async () => {
    const texts = ['begin', 'drop table public.users', 'rollback', harmless];
    expect(await ends(texts)).toEqual(['BEGIN', 'DROP TABLE', 'ROLLBACK', 'SELECT 1']);
  });

  test('a name that moved is known again when the catalog was read', async () => {
    await client.query('alter table public.users rename to people');
    const late = 'select upper(ssn) from public.people';
    expect(await ends([late])).toEqual(['0A000']);
    expect(house.controlPlane.moved).toContain('billing/app');
    const look = await house.target.connect('app');
    await house.publish({ catalog: await agentsCatalog(look) });
    await look.end();
    expect(await ends([late])).toEqual(['SELECT 1']);
  });

  test('the catalog is read again when a definition is committed, not only when it is sent', async () => {
    const count = (): number => house.controlPlane.moved.length;
    await client.query('begin');
    await client.query('create table fresh (id int)');
    const before = count();
    await client.query('commit');
    await until(() => count() > before);
  });

  test('cursors, prepared statements and portals of one session, side by side', async () => {
    await client.query(`prepare p as ${harmless}`);
    await client.ask(encodeParse(harmless, 'q'), encodeSync());
    await client.query('begin');
    await client.query(`declare c cursor for ${harmless}`);
    await client.ask(encodeBind({ statement: 'q', portal: 'd' }), encodeSync());
    expect(await ends(['execute p', 'fetch all from c'])).toEqual(['SELECT 1', 'FETCH 1']);
    expect(endOf(await client.ask(encodeExecute('d'), encodeSync()))).toBe('SELECT 1');
    expect(await ends(['select 1 as role', 'commit', 'execute p'])).toEqual(['SELECT 1', 'COMMIT', 'SELECT 1']);
  });
});
