import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { postgresBin } from './packages.mjs';
import { type Place, keywords } from './place.js';
import { run, runWell } from './program.js';
import type { Scenario } from './scenario.js';

/** One of Debian's PostgreSQL programs. */
export const debian = (name: string): string => join(postgresBin() ?? '', name);

/** How psql and its kin are told where to connect. */
export const libpq = (at: Place) => ({ env: { PGPASSWORD: at.password }, cwd: at.directory });

export const psql = (at: Place, script: string, args: readonly string[] = []): Promise<string> =>
  runWell(debian('psql'), ['-X', '-d', keywords(at), ...args], { ...libpq(at), input: script });

const needs = ['postgresql'] as const;

/** Every command that describes something, with and without names, and most with `+`. Sizes and dates stand in few. */
const describing = `
\\d
\\d shop.*
\\d+ shop.*
\\dt shop.*
\\dt+ shop.*
\\di+ shop.*
\\ds+ shop.*
\\dv+ shop.*
\\dm+ shop.*
\\dE
\\dP+ shop.*
\\dS pg_class
\\da shop.*
\\dA+
\\dAc btree int4
\\dAf btree int4
\\dAo btree int4_ops
\\dAp btree int4_ops
\\db
\\dc pg_catalog.utf8*
\\dC+ shop.*
\\dconfig work_mem
\\dd
\\dD+ shop.*
\\ddp
\\des+
\\det+
\\deu
\\dew+
\\df+ shop.*
\\dfnt shop.*
\\dF
\\dFd+
\\dFp
\\dFt
\\dg
\\du+
\\dl
\\dL+
\\dn+
\\do+ shop.*
\\dp shop.*
\\z shop.*
\\drds
\\dRp+
\\dRs
\\dT+ shop.*
\\dx+
\\dX
\\dy
\\sf shop.order_total
\\sf+ shop.order_total
\\sv shop.open_orders
\\sv+ shop.open_orders
\\h select
\\encoding
`
  .trim()
  .split('\n');

const describes = (name: string, commands: readonly string[], where: Pick<Scenario, 'target'>): Scenario => ({
  ...where,
  name,
  needs,
  run: (at) => psql(at, commands.map((command) => `\\echo == ${command.replaceAll('\\', '')}\n${command}\n`).join('')),
  shows: [
    'Table "shop.orders"',
    'open_orders',
    'CREATE OR REPLACE FUNCTION shop.order_total',
    'Partition key: RANGE',
    /Indexes:/,
    /^(?![^]*ERROR:)/,
  ],
});

export const psqlScenarios: readonly Scenario[] = [
  describes('psql: \\d and all that describes, \\sf, \\sv', describing, {}),
  // These ask for what the newest server has no more.
  describes('psql: the same at a server of its age, \\l and \\dO too', [...describing, '\\l', '\\dO shop.*'], {
    target: 'debian',
  }),
  {
    name: 'psql: \\copy in and out, as text, CSV and binary, and from the script itself',
    needs,
    run: async (at) => {
      const said = await psql(
        at,
        `create table client.things (id int primary key, name text, at timestamptz, raw bytea);
         \\copy client.things from stdin
1	plain	2026-01-01 00:00:00+00	\\\\x00ff
2	tab\\there	\\N	\\N
\\.
         \\copy client.things to 'things.txt'
         \\copy (select id, name from client.things order by id) to 'things.csv' with (format csv, header, force_quote *)
         \\copy client.things to 'things.bin' with (format binary)
         truncate client.things;
         \\copy client.things from 'things.bin' with (format binary)
         select * from client.things order by id;
         truncate client.things;
         \\copy client.things (id, name) from 'things.csv' with (format csv, header match)
         \\copy client.things to stdout
         \\copy client.things from program 'echo 3; echo 4' with (format csv)
         \\copy client.things (id) from program 'echo 3; echo 4'
         table client.things;`,
      );
      const files = ['things.txt', 'things.csv', 'things.bin'].map((name) =>
        readFile(join(at.directory, name), 'base64'),
      );
      return [said, ...(await Promise.all(files))].join('\n');
    },
    shows: ['COPY 2', 'tab\\there', 'missing data for column "name"', '2026-01-01'],
  },
  {
    name: 'psql: \\watch, until it fails',
    needs,
    run: async (at) => {
      const said = await psql(
        at,
        `create sequence client.rounds;
         select nextval('client.rounds') as round, 1 / (4 - currval('client.rounds')) as left \\watch 0.01
         \\echo after`,
      );
      // Each round begins with the time of the day.
      return said.replace(/^.*\(every 0\.01s\)$/gm, '(a round)');
    },
    shows: [/(\(a round\)[^]*){3}/, 'division by zero', 'after'],
  },
  {
    name: 'psql: \\gexec, \\gset, \\gdesc, \\gx, \\g to a file, \\if, \\;',
    needs,
    run: async (at) => {
      const said = await psql(
        at,
        `select format('create table client.made_%s (id int primary key, v text)', n) from generate_series(1, 3) n \\gexec
         insert into client.made_2 values (1, 'one'), (2, 'two') returning * \\gx
         select count(*) as many, max(v) as last from client.made_2 \\gset got_
         \\echo :got_many :got_last
         select id, v, v || '!' as loud, now() from client.made_2 \\gdesc
         select v from client.made_2 where v = :'got_last' \\g made.txt
         \\if :{?got_many}
           select 'yes' as answer \\; select 'twice' as answer;
         \\else
           select 'no';
         \\endif
         \\set FETCH_COUNT 2
         select * from generate_series(1, 5) n;`,
      );
      return `${said}\n${await readFile(join(at.directory, 'made.txt'), 'utf8')}`;
    },
    shows: ['CREATE TABLE', '2 two', 'timestamp with time zone', 'twice', '(1 row)'],
  },
  {
    name: 'psql: \\crosstabview',
    needs,
    run: (at) =>
      psql(
        at,
        `select customer, status, count(*) from shop.orders group by 1, 2 order by 1, 2 \\crosstabview customer status count
         select 1 as a, 2 as b, 3 as c \\crosstabview a b c b`,
      ),
    shows: [/customer.*\|.*open/],
  },
  {
    name: 'psql: \\password, read where no terminal is',
    needs,
    run: async (at) => {
      const role = 'locked_out';
      const said = await run(
        debian('psql'),
        [
          '-X',
          '-d',
          keywords(at),
          '-c',
          `drop role if exists ${role}`,
          '-c',
          `create role ${role} login`,
          '-c',
          `\\password ${role}`,
        ],
        { ...libpq(at), input: 'n3w password\nn3w password\n' },
      );
      const { stdout, stderr, exitCode } = said;
      return `${exitCode}\n${stdout}\n${stderr.replace(/^psql: warning.*$/gm, '')}`;
    },
    left: "select rolname, rolpassword ~ '^SCRAM-SHA-256[$]4096:' as kept from pg_authid where rolname = 'locked_out'",
    shows: [/^0\n/, 'CREATE ROLE', 'Enter it again', '[{"rolname":"locked_out","kept":true}]'],
  },
  {
    name: 'psql: errors, \\errverbose, ON_ERROR_ROLLBACK, savepoints, one transaction for a file',
    needs,
    run: async (at) => {
      await writeFile(join(at.directory, 'file.sql'), 'create table client.all_or_none (id int);\nselect nonsense;\n');
      const said = await psql(
        at,
        `\\set ON_ERROR_ROLLBACK on
         begin;
         create table client.kept (id int primary key check (id < 10));
         insert into client.kept values (1);
         insert into client.kept values (1);
         \\errverbose
         insert into client.kept values (11);
         \\set VERBOSITY terse
         selec 1;
         \\echo :SQLSTATE :LAST_ERROR_MESSAGE :ROW_COUNT
         savepoint s; insert into client.kept values (2); rollback to s;
         insert into client.kept values (3);
         commit;
         table client.kept;
         \\set ON_ERROR_ROLLBACK off
         begin; insert into client.kept values (4);
         selec 1;
         \\set VERBOSITY default
         insert into client.kept values (5);
         commit;
         table client.kept;
         select amont from shop.orders;
         select * from shop.ordres;`,
      );
      const { stdout, stderr, exitCode } = await run(
        debian('psql'),
        ['-X', '-d', keywords(at), '-1', '-v', 'ON_ERROR_STOP=1', '-f', 'file.sql'],
        libpq(at),
      );
      const left = await psql(at, "select to_regclass('client.all_or_none')");
      return [said, exitCode, stdout, stderr, left].join('\n');
    },
    shows: ['23505', '42601', 'Perhaps you meant', 'current transaction is aborted', /^3$/m],
  },
  {
    name: 'psql: LISTEN and NOTIFY, \\c, PREPARE and EXECUTE, cursors, temporary tables',
    needs,
    run: async (at) => {
      const said = await psql(
        at,
        `listen news; notify news, 'hello';
         \\c
         prepare later (int) as select $1 * 2 as twice; execute later (21); deallocate later;
         begin; declare c scroll cursor with hold for select * from generate_series(1, 9) n; commit;
         fetch 2 from c; fetch backward 1 from c; move 3 from c; fetch next from c; close c;
         create temporary table mine (id int); insert into mine select generate_series(1, 3); table mine;
         set search_path = shop; select count(*) from orders; show search_path; reset search_path;`,
      );
      return said.replace(/PID \d+/g, 'PID').replace(/ as user .*$/m, ' as somebody');
    },
    shows: ['Asynchronous notification "news" with payload "hello"', 'You are now connected to database', '42'],
  },
];
