-- The same value is masked in whatever form it goes.

-- reader: allow
-- forms: simple
-- masked: 2
copy (select id, ssn from people order by id) to stdout

-- reader: allow
-- forms: simple
-- masked: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
copy people to stdout

-- reader: allow
-- forms: simple
-- masked: 1, 3
copy people (ssn, id, email) to stdout

-- reader: allow
-- forms: simple
-- varies
copy people to stdout with (format csv, header)

-- reader: allow
-- forms: simple
-- varies
copy people to stdout with (format csv, delimiter ';', quote '''', force_quote *)

-- reader: allow
-- forms: simple
-- varies
copy people to stdout with (format binary)

-- reader: allow
-- forms: simple
-- varies
copy (select to_jsonb(p) from people p) to stdout with (format csv)

-- reader: deny 42501
-- forms: simple
copy (select id from people where ssn like 'C%') to stdout

-- reader: allow
-- forms: slices
-- masked: ssn, born, token
select id, ssn, born, token from people order by id

-- reader: allow
-- forms: simple, text, binary
-- first: declare c cursor for select id, ssn from people order by id
-- masked: ssn
fetch all from c

-- reader: allow
-- forms: simple, text, binary
-- first: declare c scroll cursor with hold for select id, ssn from people order by id
-- first: commit
-- masked: ssn
fetch backward all from c

-- reader: allow
-- forms: simple, text, binary
-- first: declare c scroll cursor for select ssn as id, id as ssn from people order by 2
-- masked: id
fetch last from c

-- reader: allow
-- forms: simple, text, binary
-- first: declare c binary cursor for select id, ssn, salary, token from people order by id
-- masked: ssn, salary, token
fetch all from c

-- Another answer under the same name.
-- reader: allow
-- forms: simple, text, binary
-- first: declare c cursor for select id, name from people order by id
-- first: close c
-- first: declare c cursor for select id, ssn as name from people order by id
-- masked: name
fetch all from c

-- reader: allow
-- forms: simple
-- masked: ssn
select id, ssn from people where id = 1; select id, name as ssn from people where id = 2 and false; select 1

-- reader: allow
-- first: set local bytea_output = 'escape'
-- masked: photo
select id, photo from people order by id

-- reader: allow
-- first: set local datestyle = 'German'
-- masked: born
select id, born from people order by id

-- curious: allow
-- first: set local intervalstyle = 'iso_8601'
-- masked: 1
select age(timestamp '2026-01-01', born::timestamp) from people where id < 4 order by id

-- curious: allow
-- first: set local extra_float_digits = 3
-- masked: 1
select salary::float8 from people order by id

-- RETURNING.
-- writer: allow
-- masked: ssn
update people set name = 'x' where id = 1 returning id, ssn

-- writer: allow
-- masked: 2, 3, 4
update people set name = 'x' where id = 1 returning name, old.ssn, new.ssn, upper(old.ssn)

-- writer: allow
-- masked: ssn, email, card, salary, born, token, photo, doc, tags, home
delete from people where id = 4 returning *

-- writer: allow
-- masked: 1
delete from orders using people p where p.id = person_id and orders.id = 4 returning p

-- Large objects are beyond every tag.
-- reader: deny 42501
select lo_get(424242)

-- reader: deny 42501
select lo_from_bytea(0, photo) from people

-- reader: allow
-- varies
select * from pg_largeobject

-- Functions that look for themselves: masked, for they may return anything.
-- curious: allow
-- masked: peek
select peek(1)

-- curious: allow
-- masked: 1
select (everybody()).ssn

-- curious: allow
-- forms: simple, text, binary, cursor
-- varies
select * from everybody()

-- COPY does not tell its columns: the catalog says how many there are.
-- curious: allow
-- forms: copy
-- masked: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
select * from everybody()

-- curious: allow
-- varies
select query_to_xml('select * from people', true, true, '')

-- curious: allow
-- varies
select table_to_xml('people'::regclass, true, true, '')
