-- What the statements of the corpus are about. Values of tagged columns (tags.ts) hold canaries: `CNRY` words and numbers that
-- nobody who may not see them may receive in any form (canaries.ts).
create extension hstore;
create type address as (street text, city text);
create schema evil;
create schema lookalike;

create table people (
  id int primary key,
  name text not null,
  ssn text,
  email text,
  card text,
  salary int,
  born date,
  token uuid,
  photo bytea,
  doc jsonb,
  tags text[],
  home address,
  note text
);
insert into people values
  (1, 'Ada', 'CNRYqvx7kzjw31', 'cnryzaphodwq@example.com', '4539148803436467', 739184620, '1931-07-19',
   'c4a7e1d2-9b3f-4c58-8e6a-71f0d2b9a583', '\x434e525968747034677a', '{"code": "CNRYdocwvx55q"}', '{CNRYtagpzk88m,plain}',
   '("CNRY Streetqqz 17",Xanten)', 'likes tea'),
  (2, 'Grace', 'CNRYmbw9pdhy62', 'cnrytrillixk@example.org', '5425233430109903', 846273951, '1942-11-23',
   'd8f3b6a4-2c71-4e95-b0d7-5a9e8c3f1247', '\x434e52596d6b773977', '{"code": "CNRYdockjh91z"}', '{CNRYtagwfx23d}',
   '("CNRY Laneyyw 92",Worms)', 'likes rum'),
  (3, 'Linus', 'CNRYtgf4xnsl93', 'cnrymarvinpj@example.net', '374245455400126', 958372641, '1953-03-29',
   'e9c2d7b5-6f84-4a13-9d58-3b7f1e0a4c96', '\x434e52597162763572', '{"code": "CNRYdocbtn37p"}', '{}',
   '("CNRY Roadvvk 53",Zeitz)', 'likes gin'),
  (4, 'Nobody', null, null, null, null, null, null, null, null, null, null, null);

create table orders (id int primary key, person_id int references people, total numeric(9, 2) not null, note text);
insert into orders values (1, 1, 10.50, 'first'), (2, 1, 20.00, 'second'), (3, 2, 30.25, 'DROP TABLE people'), (4, 3, 0, '');
create sequence ticket;

-- Named like keywords.
create table "select" (id int, "delete" text, "drop" text);
insert into "select" values (1, 'a', 'b');
create table "update" (id int);

-- Who writes to these does something else.
create table log (id int generated always as identity, line text);
create table ruled (id int);
create rule instead as on insert to ruled do instead delete from orders;
create table triggered (id int);
create function remember() returns trigger language plpgsql as $$ begin insert into log (line) values ('fired'); return new; end $$;
create trigger remembers before insert on triggered for each row execute function remember();

-- Other ways to the same values.
create view v_people as select id, name, ssn as number, salary from people;
create view v_nested as select number as n, upper(name) as shout from v_people where id > 0;
create view v_row as select id, p as person from people p;
create view v_union as select id, note as text from orders union all select id, ssn from people;
create materialized view m_people as select id, ssn as number, left(ssn, 8) as start, name from people;
create table events (at date not null, who int, msg text) partition by range (at);
create table events_2025 partition of events for values from ('2025-01-01') to ('2026-01-01');
create table events_2026 partition of events for values from ('2026-01-01') to ('2027-01-01');
insert into events values ('2025-05-05', 1, 'CNRYqvx7kzjw31'), ('2026-06-06', 2, 'CNRYmbw9pdhy62');
create table base (id int, code text);
create table derived (extra text) inherits (base);
insert into base values (1, 'CNRYtgf4xnsl93');
insert into derived values (2, 'CNRYqvx7kzjw31', 'extra');

-- What a row must fit tells of its other columns; a child makes its columns of others than its parent does.
create table wages (id int primary key, pay int, bonus int, code varchar(20) unique, check (pay > bonus),
  share int generated always as (1000 / (pay - bonus)) stored);
insert into wages values (1, 739184620, 1, 'CNRYqvx7kzjw31'), (2, 846273951, 1, 'CNRYmbw9pdhy62');
create table notes (id int, name text, line text generated always as (name) stored);
create table notes_kept (ssn text, line text generated always as (ssn) stored) inherits (notes);
insert into notes (id, name) values (1, 'plain');
insert into notes_kept (id, name, ssn) values (2, 'kept', 'CNRYqvx7kzjw31');
create view v_asked as select id, name from people where ssn > current_setting('app.least', true);
create table fenced (id int, ssn text, note text);
insert into fenced values (1, 'CNRYqvx7kzjw31', 'x');
alter table fenced enable row level security;
create policy asked on fenced using (ssn > current_setting('app.least', true));

-- Nothing here is tagged: what is found is found by what it looks like.
create table messages (id int primary key, body text, raw bytea, doc jsonb, number bigint);
insert into messages values
  (1, 'pay with 4539 1488 0343 6467 today', convert_to('card 4539148803436467', 'UTF8'), '{"pan": "4539148803436467"}', 4539148803436467),
  (2, 'write to cnryzaphodwq@example.com', null, '["x", {"mail": "cnryzaphodwq@example.com"}]', 7),
  (3, U&'\FF14\FF15\FF13\FF19\FF11\FF14\FF18\FF18\FF10\FF13\FF14\FF13\FF16\FF14\FF16\FF17', null, '[]', null),
  (4, U&'4539\00A01488\00A00343\00A06467', null, '1', 0),
  (5, U&'nothing here, gr\00FC\00DFe \1F600, 4111111111111112', '\x00ff10', '{"a": 1.10}', 42);

-- What functions do is not seen in the statement.
create function remover() returns int language sql as 'delete from orders returning 1';
create function peek(int) returns text language sql stable security definer as 'select ssn from people where id = $1';
create function everybody() returns setof people language sql stable as 'select * from people';
create function justify_days(text) returns text language plpgsql as $$ begin delete from orders; return 'x'; end $$;
create function mail_of(int, out id int, out email text, out text) language sql stable as 'select id, email, name from people where id = $1';
create function table_of(int) returns table (id int, email text) language sql stable as 'select id, email from people where id = $1';
create procedure tidy() language plpgsql as $$ begin delete from orders; end $$;
create function evil.upper(text) returns text language plpgsql as $$ begin delete from public.orders; return $1; end $$;
create function evil.plus(int, int) returns int language plpgsql as $$ begin delete from public.orders; return $1; end $$;
create operator evil.+ (leftarg = int, rightarg = int, function = evil.plus);
create table evil.orders (id int, ssn text);
create view lookalike.people as select id, note as ssn from orders;
create type odd as (a text, b text);
create table odds (id int, pair odd, ssn text);
insert into odds values (1, '(x,y)', 'free');
create function odd_text(odd) returns text language plpgsql as $$ begin delete from orders; return ''; end $$;
create cast (odd as text) with function odd_text(odd);
do $$ begin perform lo_create(424242); end $$;
