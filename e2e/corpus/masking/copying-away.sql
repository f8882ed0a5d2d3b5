-- A masked column in an unmasked place would be shown from there: that needs `reveal`.

-- writer: deny 42501
insert into orders (id, person_id, total, note) select 100 + id, id, 1, ssn from people

-- writer: deny 42501
update orders set note = p.ssn from people p where p.id = person_id

-- writer: deny 42501
update people set note = ssn

-- writer: deny 42501
update people set name = upper(email)

-- writer: deny 42501
create table made as select ssn from people

-- writer: deny 42501
create table made as select to_jsonb(p) as j from people p

-- writer: deny 42501
create temporary table made as table people

-- writer: deny 42501
-- forms: simple, text
select ssn into made from people

-- writer: deny 42501
create view made as select ssn from people

-- writer: deny 42501
create materialized view made as select ssn from people

-- writer: deny 42501
merge into orders o using people p on p.id = o.person_id when matched then update set note = p.ssn

-- writer: deny 42501
insert into orders (id, total, note) values (9, 1, (select ssn from people where id = 1))

-- writer: deny 42501
insert into people (id, name, ssn) values (1, 'x', 'y') on conflict (id) do update set note = people.ssn

-- writer: deny 42501
with a as (insert into orders (id, total, note) select 100 + id, 1, ssn from people returning 1) select * from a

-- writer: deny 42501
alter table people add column tail text generated always as (right(ssn, 4)) stored

-- writer: deny 42501
alter table people alter column note type text using ssn

-- writer: deny 42501
select setval('ticket', salary) from people where id = 1

-- writer: deny 42501
select set_config('work_mem', ssn, false) from people where id = 1

-- writer: deny 42501
select pg_notify('corpus', ssn) from people

-- curious: deny 42501
insert into orders (id, total, note) select 100 + id, 1, ssn from people

-- Back into itself is no copy.
-- writer: allow
update people set ssn = upper(ssn) where id = 1

-- writer: allow
insert into orders (id, person_id, total, note) select 100 + id, id, 1, name from people
