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
