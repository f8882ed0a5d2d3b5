-- What costs the server much for a few words: what is a read is let through, and the session's own time ends it (57014, planned by
-- then or not); what is none is refused.

-- generate_series, alone and multiplied.
-- reader: allow
-- forms: simple, text
-- varies
-- first: set local statement_timeout = '50ms'
select sum(n) from generate_series(1, 100000000000) n

-- reader: allow
-- forms: simple, text
-- varies
-- first: set local statement_timeout = '50ms'
select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b, generate_series(1, 1000000) c

-- reader: allow
-- forms: simple, text
-- varies
-- first: set local statement_timeout = '50ms'
with recursive bomb (n) as (select 1 union all select n + 1 from bomb) select count(*) from bomb

-- reader: allow
-- forms: simple, text
-- varies
-- first: set local statement_timeout = '50ms'
with recursive bomb (n) as (select 1 union all select a.n + b.n from bomb a, generate_series(1, 10) b (n)) select count(*) from bomb

-- reader: allow
-- forms: simple, text
-- varies
-- first: set local statement_timeout = '50ms'
select count(*) from orders a, orders b, orders c, orders d, orders e, orders f, orders g, orders h, orders i, orders j, orders k, orders l, orders m, orders n

-- One value of a gigabyte: the server has an end of its own (54000).
-- reader: allow
-- forms: simple, text
select length(repeat('x', 2000000000))

-- reader: allow
-- forms: simple, text
-- varies
-- first: set local statement_timeout = '50ms'
select length(string_agg(n::text, ',')) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text
-- varies
-- first: set local statement_timeout = '50ms'
select count(*) from generate_series(1, 100000000) n where n::text ~ '(1|11)*$'

-- Over a masked column the same would tell how long its value is.
-- reader: deny 42501
select count(*) from people, generate_series(1, 100000) n where ssn ~ '^(a+)+$'

-- reader: deny 42501
select case when ssn > 'D' then (select count(*) from generate_series(1, 10000000)) end from people

-- reader: deny 42501
select count(*) from people p, generate_series(1, p.salary) n

-- reader: deny 42501
select repeat('x', salary) from people

-- What waits, or makes others wait.
-- reader: deny 42501
select pg_sleep(1e6) from generate_series(1, 1000)

-- reader: deny 42501
select pg_sleep_for('1 hour')

-- reader: deny 42501
select count(pg_advisory_lock(n)) from generate_series(1, 1000000) n

-- reader: deny 42501
select pg_advisory_xact_lock_shared(1, 2)

-- reader: deny 42501
select pg_advisory_unlock_all()

-- Other sessions are not the reader's to end.
-- reader: deny 42501
-- writer: deny 42501
select pg_terminate_backend(pid) from pg_stat_activity

-- reader: deny 42501
-- writer: deny 42501
select pg_cancel_backend(1)
