-- Locks: whoever takes one stops others, and whether one is free is a message.

-- reader: deny 42501
select pg_advisory_lock(1)

-- reader: deny 42501
select pg_advisory_lock(1, 2)

-- reader: deny 42501
select pg_advisory_lock_shared(1)

-- reader: deny 42501
select pg_advisory_xact_lock(1)

-- reader: deny 42501
select pg_advisory_xact_lock_shared(1, 2)

-- reader: deny 42501
select pg_try_advisory_lock(1)

-- reader: deny 42501
select pg_try_advisory_lock_shared(1)

-- reader: deny 42501
select pg_try_advisory_xact_lock(1)

-- reader: deny 42501
select pg_try_advisory_xact_lock_shared(1, 2)

-- reader: deny 42501
select pg_advisory_unlock(1)

-- reader: deny 42501
select pg_advisory_unlock_shared(1)

-- reader: deny 42501
select pg_advisory_unlock_all()

-- reader: deny 42501
select count(pg_advisory_lock(n)) from generate_series(1, 1000000) n

-- reader: deny 42501
select id from orders where pg_try_advisory_lock(id)

-- reader: deny 42501
select pg_catalog.pg_advisory_lock(hashtext('x'))

-- reader: deny 42501
select pg_advisory_xact_lock(salary) from people where id = 1

-- reader: deny 42501
select pg_try_advisory_lock(ascii(ssn)) from people

-- reader: deny 42501
with l as (select pg_advisory_lock(1)) select 1

-- reader: deny 42501
select 1 limit (select 1 from pg_advisory_lock(1))

-- reader: deny 42501
select case when ssn > 'D' then pg_try_advisory_lock(1) end from people

-- reader: deny 42501
lock table orders

-- reader: deny 42501
lock table orders in access exclusive mode

-- reader: deny 42501
lock orders in row exclusive mode nowait

-- reader: deny 42501
lock only people in share mode

-- reader: deny 42501
lock table orders, people in share row exclusive mode

-- reader: deny 42501
-- forms: simple, text, binary
select * from orders for update skip locked

-- reader: deny 42501
-- forms: simple, text, binary
select * from orders for no key update

-- reader: deny 42501
-- forms: simple, text, binary
select * from orders for key share nowait

-- reader: deny 42501
select * from (select * from orders for share) o

-- reader: deny 42501
with l as (select * from orders for update) select * from l

-- reader: deny 42501
-- forms: simple, text, binary
select o.id from orders o join people p on p.id = o.person_id for update of o

-- reader: allow
lock table orders in access share mode

-- reader: allow
select 'pg_advisory_lock(1)' as lock

-- reader: allow
select mode, count(*) > 0 from pg_locks where locktype = 'relation' and relation = 'pg_locks'::regclass and pid = pg_backend_pid() group by mode

-- reader: allow
select hashtext('x'), hashtextextended('x', 0)
