-- The target's own words quote values.

-- writer: allow
insert into orders values (1, 1, 1, 'x')

-- writer: allow
insert into orders (id, person_id, total) values (9, 99, 1)

-- A constraint's DETAIL shows the whole row.
-- writer: allow
update people set name = null where id = 1

-- writer: allow
insert into orders values (9, 1, 100000000, 'x')

-- curious: allow
select ssn::int from people where id = 1

-- curious: allow
select ssn::date from people where id = 1

-- curious: allow
select ssn::regclass from people where id = 1

-- curious: allow
select ssn::uuid from people where id = 1

-- curious: allow
select ssn::json from people where id = 1

-- curious: allow
select to_date(ssn, 'YYYY') from people where id = 1

-- curious: allow
select to_number(ssn, '999') from people where id = 1

-- curious: allow
select xmlparse(document ssn) from people where id = 1

-- curious: allow
select ('x' || ssn)::int[] from people where id = 1

-- curious: allow
select date_trunc(ssn, now()) from people where id = 1

-- curious: allow
select current_setting(ssn) from people where id = 1

-- curious: deny 42501
select nextval(ssn::regclass) from people where id = 1

-- curious: allow
select format('%' || ssn, 1) from people where id = 1

-- curious: allow
select 'x' ~ ('(' || ssn) from people where id = 1

-- curious: allow
select jsonb_path_query('{}', ssn::jsonpath) from people where id = 1

-- curious: allow
-- forms: simple, text, binary
do $$ begin raise exception '%', (select ssn from people where id = 1); end $$

-- curious: allow
-- forms: simple, text, binary
do $$ begin raise notice '%', (select ssn from people where id = 1); end $$

-- curious: allow
-- forms: simple, text, binary
do $$ begin raise warning using message = 'x', detail = (select ssn from people where id = 1), hint = (select email from people where id = 1); end $$

-- Names of columns, tables and constraints are passed on: these are not names.
-- curious: allow
-- forms: simple, text, binary
do $$ begin raise exception using message = 'x', column = (select ssn from people where id = 1), table = (select ssn from people where id = 2), constraint = (select ssn from people where id = 3), datatype = (select email from people where id = 1), schema = (select email from people where id = 2); end $$

-- A code is five letters of it.
-- curious: fail P0001
-- forms: simple, text
do $$ begin raise exception using message = 'x', errcode = upper(substr((select ssn from people where id = 1), 5, 5)); end $$

-- To oneself, by the server's own hand.
-- curious: allow
-- forms: simple, text
-- first: listen corpus
do $$ begin perform pg_notify('corpus', (select ssn from people where id = 1)); end $$

-- curious: allow
-- forms: simple, text
-- first: listen corpus
-- bare
do $$ begin perform pg_notify('corpus', (select ssn from people where id = 1)); end $$

-- A setting is reported.
-- curious: allow
-- forms: simple, text
do $$ begin perform set_config('application_name', (select ssn from people where id = 1), false); end $$

-- A made-up name in the middle of an error.
-- curious: allow
-- forms: simple, text
do $$ begin execute 'select ' || quote_ident((select ssn from people where id = 1)); end $$

-- curious: allow
-- forms: simple, text
do $$ begin execute 'create table ' || quote_ident((select ssn from people where id = 1)) || ' (id int, id int)'; end $$
