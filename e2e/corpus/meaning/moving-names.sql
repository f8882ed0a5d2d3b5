-- Between Parse and Bind a name comes to mean another thing: what will be run counts.

-- reader: allow
-- forms: text, binary
-- between: set search_path = lookalike, public
-- row: first
select ssn from people where id = 1

-- reader: allow
-- forms: text, binary
-- first: set search_path = lookalike, public
-- between: set search_path = public
-- masked: ssn
select ssn from people where id = 1

-- writer: deny 0A000
-- forms: text, binary
-- between: create temporary table orders (id int, note text)
select note from orders where id = 1

-- writer: deny 0A000
-- forms: simple
-- first: create temporary table orders (id int, note text)
select note from orders where id = 1

-- A view that was put in the place of a table.
-- writer: deny 0A000
-- forms: simple, text, binary
-- first: alter table "update" rename to kept
-- first: create view "update" as select id, note from orders
select * from "update"

-- To take the name away takes the tag away.
-- writer: deny 42501
alter table people rename to persons

-- writer: deny 42501
alter table people rename column ssn to note2

-- writer: deny 42501
alter table people set schema evil

-- writer: deny 42501
alter table events detach partition events_2026

-- writer: deny 42501
alter schema public rename to other

-- reader: deny 42501
drop table people cascade

-- A column that goes, or comes, or is called otherwise: a bare name is the query's around then, and a list of names moves on.
-- writer: deny 0A000
-- forms: simple, text, binary
-- first: alter table "select" drop column "drop"
select (select max(upper("drop")) from "select") from (select ssn as "drop" from people) p

-- writer: deny 0A000
-- forms: simple
-- first: alter table orders rename column note to line
select (select max(upper(note)) from orders) from (select ssn as note from people) p

-- writer: deny 0A000
-- forms: simple
-- first: alter table orders add column more text
select upper(s.f) from (select o.*, p.ssn, p.name from orders o, people p) s(a, b, c, d, e, f)

-- writer: deny 0A000
-- forms: simple
-- first: drop table "select"
-- first: create table "select" (id int)
select (select max(upper("drop")) from "select") from (select ssn as "drop" from people) p

-- Nothing that is masked is read beside it: migrations go on.
-- writer: allow
-- forms: simple
-- first: alter table orders add column more text
update orders set more = note, total = 1 where id = 1 returning id, note
