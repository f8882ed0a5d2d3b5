-- A database with a little of everything. Two copies are made that differ in the values of masked columns alone: whoever may not
-- see those must not be able to tell the copies apart. `:ssn(...)` and its like stand for values of one copy.
create schema hr;
create domain hr.code as text check (length(value) > 2);
create type hr.address as (street text, city text);
create type hr.mood as enum ('sad', 'ok', 'glad');

create table hr.people (
  id int primary key,
  name text not null,
  ssn hr.code,
  salary numeric,
  born date,
  secret bytea,
  token uuid,
  doc jsonb,
  tags text[],
  home hr.address,
  mood hr.mood,
  seen timestamptz,
  host inet,
  paper xml,
  half numeric generated always as (salary / 2) stored,
  tail text generated always as (right(ssn, 4)) stored,
  upper_name text generated always as (upper(name)) virtual
);
create table hr.orders (id int primary key, person_id int references hr.people, total numeric, note text, ssn text);
create table hr.log (at date not null, who int, msg text) partition by range (at);
create table hr.log_2025 partition of hr.log for values from ('2025-01-01') to ('2026-01-01');
create table hr.log_2026 partition of hr.log for values from ('2026-01-01') to ('2027-01-01');
create table hr.base (id int, code text);
create table hr.derived (extra text) inherits (hr.base);
-- All text, so that queries made at random mostly fit. Tagged: a.ssn, b.name.
create table hr.a (id text, ssn text, x text);
create table hr.b (id text, ssn text, name text);
create table hr.c (id text, ssn text, name text, x text);

-- What a server tests when a row is written, and what it does where that fails.
create table hr.checked (id int primary key, salary numeric, bonus numeric, check (salary > bonus));
create table hr.divided (id int primary key, salary numeric, bonus numeric,
  share numeric generated always as (100 / (salary - bonus)) stored);
create table hr.indexed (id int primary key, salary numeric, bonus numeric);
create index on hr.indexed ((100 / (salary - bonus)));
create table hr.parted (id int, bonus text, ssn text) partition by range (bonus, ssn);
create table hr.parted_a partition of hr.parted for values from ('a', 'A') to ('b', 'BM');
create table hr.nested (id int, bonus text, ssn text) partition by list (bonus);
create table hr.nested_a partition of hr.nested for values in ('a');
create table hr.nested_b partition of hr.nested for values in ('b') partition by range (ssn);
create table hr.nested_b_a partition of hr.nested_b for values from ('A') to ('D');
create table hr.limited (id int primary key, short varchar(30), ssn text unique, born date, pan text check (length(pan) < 23));
-- A child makes its columns of others than its parent does.
create table hr.parent (id int, name text, note text generated always as (name) stored);
create table hr.child (ssn text, note text generated always as (ssn || '.') stored) inherits (hr.parent);
create table hr.forked (id int, name text, ssn text, note text generated always as (name) stored) partition by list (id);
create table hr.forked_1 (id int, name text, ssn text, note text generated always as (ssn) stored);
alter table hr.forked attach partition hr.forked_1 for values in (1);
create table hr.forked_2 partition of hr.forked default;

create view hr.v_people as select id, name, ssn as number, salary from hr.people;
create view hr.v_nested as select number as n, upper(name) as shout from hr.v_people where id > 0;
create view hr.v_join as select p.id, o.note, p.ssn, o.ssn as other from hr.people p join hr.orders o on o.person_id = p.id;
create view hr.v_union as select id, name from hr.people union all select id, note from hr.orders;
create view hr.v_cte as with recursive r(n, s) as (
  select 1, ssn::text from hr.people union all select n + 1, s || '.' from r where n < 2) select n, s from r;
create view hr.v_a as select id, ssn as x, x as ssn from hr.a;
create view hr.v_row as select id, p as person from hr.people p;

create function hr.ssn_of(int) returns text language sql stable as 'select ssn::text from hr.people where id = $1';
create function hr.twice(text) returns text language sql immutable as 'select $1 || $1';
create function hr.everybody() returns setof hr.people language sql stable as 'select * from hr.people';
create function hr.one_out(int, out mail text) language sql stable as 'select ssn::text from hr.people where id = $1';
create function hr.bare_out(int, out text) language sql stable as 'select ssn::text from hr.people where id = $1';
create function hr.both_out(inout id int, out text, out mail text) language sql stable as 'select id, ssn::text, name from hr.people where id = $1';
create function hr.table_of(int) returns table (id int, mail text) language sql stable as 'select id, ssn::text from hr.people where id >= $1';
create function hr.table_of_one() returns table (mail text) language sql stable as 'select ssn::text from hr.people';
create function hr.row_out(int, out p hr.people) language sql stable as 'select people from hr.people where id = $1';
create function hr.badge(hr.people) returns text language sql immutable as 'select ''*'' || ($1).ssn';
create function hr.first_of(anyarray) returns anyelement language plpgsql immutable as 'begin return $1[1]; end';
create function hr.glue(text, text) returns text language sql immutable as 'select $1 || ''~'' || $2';
create operator hr.<~> (leftarg = text, rightarg = text, function = hr.glue);
create type hr.spot as (east text, north text);
create table hr.places (id int, spot hr.spot, ssn text);
create function hr.many(variadic int[]) returns setof hr.spot language sql stable as 'select ssn::text, name from hr.people';
create function hr.spot_text(hr.spot) returns text language sql stable as 'select string_agg(ssn, '','') from hr.people';
create cast (hr.spot as text) with function hr.spot_text(hr.spot) as implicit;
create aggregate hr.chain(text) (sfunc = hr.glue, stype = text, initcond = '');
create view hr.v_called as select id, hr.ssn_of(id) as looked_up from hr.orders;
create materialized view hr.m_people as select id, left(ssn, 3) as start, name from hr.people;
