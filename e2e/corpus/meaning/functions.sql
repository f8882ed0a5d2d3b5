-- Functions wrap anything: reviewed built-ins are free, the rest needs `call`, and it counts which function it is.

-- reader: deny 42501
-- forms: simple, text, binary
-- writer: allow
-- masked: 1
select remover()

-- reader: deny 42501
select * from remover()

-- reader: deny 42501
select peek(1)

-- reader: deny 42501
select * from everybody()

-- reader: deny 42501
select (everybody()).ssn

-- Named like one of the server's, for another type.
-- reader: deny 42501
select justify_days('x'::text)

-- The server's own, by its schema.
-- reader: allow
select pg_catalog.justify_days('40 days')

-- reader: deny 42501
select evil.upper('x')

-- reader: allow
-- row: X
select upper('x')

-- Another one stands first.
-- reader: deny 42501
-- first: set search_path = evil, pg_catalog, public
select upper('x')

-- Here the server's own does, and yet it is refused: for other types of arguments it would be the other one.
-- reader: deny 42501
-- first: set search_path = evil, public
select upper('x')

-- reader: allow
-- first: set search_path = evil, pg_catalog, public
-- row: X
select pg_catalog.upper('x')

-- An operator is a function too.
-- reader: deny 42501
select 1 operator(evil.+) 2

-- reader: deny 42501
-- first: set search_path = evil, pg_catalog, public
select 1 + 2

-- reader: allow
-- row: 3
select 1 operator(pg_catalog.+) 2

-- And a cast.
-- reader: deny 42501
select pair::text from odds

-- reader: deny 42501
select row('a', 'b')::odd::text

-- Like a column.
-- reader: deny 42501
select o.remover from (select 1) o

-- reader: deny 42501
select nextval('ticket')

-- reader: deny 42501
select setval('ticket', 1)

-- reader: deny 42501
select id from orders where remover() > 0

-- reader: deny 42501
select case when false then remover() end

-- reader: deny 42501
select coalesce(1, remover())

-- reader: deny 42501
select array(select remover())

-- reader: deny 42501
select 1 from orders tablesample bernoulli (remover())

-- reader: deny 42501
select json_value('{"a": 1}', '$.a' default remover() on empty)

-- reader: deny 42501
create function further() returns int language sql as 'select 1'

-- reader: deny 42501
create operator <<< (leftarg = int, rightarg = int, function = evil.plus)

-- reader: deny 42501
create aggregate further (int) (sfunc = evil.plus, stype = int)

-- reader: deny 42501
alter function remover() security definer

-- Rows of a function that users wrote: its columns are known by name, what they hold is not.
-- curious: allow
-- forms: simple, text, binary, copy
-- masked: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
select e.*, o.id as order_id, o.note as order_note from everybody() e, orders o where o.id = 1

-- curious: allow
-- forms: simple, text, binary, copy
-- masked: 1, 2, 3
select * from mail_of(1)

-- curious: allow
-- forms: simple, text, binary, copy
-- masked: email
select email from table_of(1) t

-- curious: allow
-- forms: simple, text, binary
-- masked: 1, 2, 3
select (mail_of(1)).*

-- reader: deny 42501
select email from table_of(1)
