-- What makes a table out of a query is no query.

-- reader: deny 42501
-- writer: allow
create table made as select id, note from orders

-- reader: deny 42501
create temporary table made as select id from orders

-- reader: deny 42501
create table if not exists made as table orders

-- reader: deny 42501
create table made as values (1), (2)

-- reader: deny 42501
create unlogged table made as with a as (select 1) select * from a

-- reader: deny 42501
-- forms: simple, text, binary
select id, note into made from orders

-- reader: deny 42501
-- forms: simple, text, binary
select id into temp made from orders union all select 1

-- reader: deny 42501
-- forms: simple, text, binary
with a as (select 1 as x) select x into unlogged made from a

-- reader: deny 42501
create materialized view made as select id from orders

-- reader: deny 42501
create view made as select id from orders

-- reader: deny 42501
create or replace view v_union as select id, note as text from orders

-- reader: deny 42501
create recursive view made (n) as select 1 union all select n + 1 from made where n < 3

-- reader: deny 42501
-- writer: allow
refresh materialized view m_people

-- reader: deny 42501
refresh materialized view concurrently m_people

-- reader: deny 42501
create table made (like orders including all)

-- reader: deny 42501
create table made partition of events for values from ('2027-01-01') to ('2028-01-01')

-- Not modelled, whoever asks.
-- reader: deny 0A000
create schema made create table inside (id int)

-- reader: deny 42501
drop table orders

-- reader: deny 42501
truncate orders

-- reader: deny 42501
alter table orders disable trigger all
