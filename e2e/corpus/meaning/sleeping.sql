-- What waits holds a session, and tells time: it needs `call`, wherever it stands.

-- reader: deny 42501
select pg_sleep(10)

-- reader: deny 42501
select pg_sleep(1e6) from generate_series(1, 1000)

-- reader: deny 42501
select pg_sleep_for('1 hour')

-- reader: deny 42501
select pg_sleep_until('tomorrow')

-- reader: deny 42501
select pg_catalog.pg_sleep(10)

-- reader: deny 42501
select "pg_sleep"(10)

-- reader: deny 42501
select U&"pg_slee\0070"(10)

-- reader: deny 42501
select id from orders where pg_sleep(0.01) is null

-- reader: deny 42501
select id from orders order by pg_sleep(1)

-- reader: deny 42501
select count(*) from orders group by pg_sleep(1)

-- reader: deny 42501
select (select pg_sleep(1)) is null

-- reader: deny 42501
select * from pg_sleep(10)

-- reader: deny 42501
select * from orders o, lateral pg_sleep(o.id) s

-- reader: deny 42501
select o.id from orders o join people p on pg_sleep(1) is null

-- reader: deny 42501
select case when true then pg_sleep(1) end

-- reader: deny 42501
select coalesce(pg_sleep(1)::text, 'x')

-- reader: deny 42501
with s as materialized (select pg_sleep(1)) select * from s

-- reader: deny 42501
select count(*) filter (where pg_sleep(1) is null) from orders

-- reader: deny 42501
select row_number() over (order by pg_sleep(1)) from orders

-- reader: deny 42501
values (pg_sleep(1)::text)

-- reader: deny 42501
select 1 limit (select 1 from pg_sleep(5))

-- reader: deny 42501
explain analyze select pg_sleep(10)

-- reader: deny 42501
explain select pg_sleep(10)

-- reader: deny 42501
select rows.s from rows from (pg_sleep(1), generate_series(1, 2)) as rows(s, n)

-- reader: deny 42501
select id from people where case when ssn like 'CNRYq%' then pg_sleep(1) is null else true end

-- reader: deny 42501
select pg_sleep(length(ssn)) from people

-- reader: deny 42501
do $$ begin perform pg_sleep(10); end $$

-- reader: deny 42501
prepare s as select pg_sleep(10)

-- reader: deny 42501
declare s cursor for select pg_sleep(10)

-- reader: deny 42501
create view made as select pg_sleep(10)

-- reader: deny 42501
select pg_wal_replay_wait('0/0')

-- reader: deny 42501
select pg_stat_clear_snapshot(), pg_sleep(1)

-- reader: allow
select 'pg_sleep(10)', $$ select pg_sleep(1) $$ as pg_sleep

-- reader: allow
select note as pg_sleep from orders order by id

-- reader: allow
select proname from pg_proc where proname like 'pg_sleep%' order by 1

-- reader: allow
select clock_timestamp() > statement_timestamp(), interval '1 hour'

-- reader: allow
select id from orders where note <> 'pg_sleep(1)' order by id
