-- Rows out of nothing: a read is let through, and the session's own time ends it (57014); none of the reader's business is what a masked value counts.

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select sum(n) from generate_series(1, 100000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b, generate_series(1, 1000000) c

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(generate_series) from generate_series(1, 9e9::bigint, 1)

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(timestamp '0001-01-01', '9999-01-01', '1 second')

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(timestamptz '2000-01-01', '9999-01-01', '1 ms', 'UTC')

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1::numeric, 1e12::numeric, 0.1)

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from (select generate_series(1, 1000000000)) s

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from rows from (generate_series(1, 1000000000), generate_series(1, 1000000000)) as r(a, b)

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) with ordinality

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n, generate_subscripts(array_fill(n, array[1000]), 1)

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n, string_to_table(repeat('x,', 1000 + n % 2), ',')

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n, regexp_split_to_table(repeat('x,', 1000 + n % 2), ',')

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n, unnest(array_fill(n, array[1000]))

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n, jsonb_array_elements(to_jsonb(array_fill(n, array[1000]))) a

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select distinct n % 7 from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select n from generate_series(1, 1000000000) n where n % 1000 = 0 order by random() limit 1

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select sum(n) over (order by n desc) from generate_series(1, 1000000000) n where n % 1000 = 0 limit 1

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(random()) from generate_series(1, 1000000000)

-- reader: deny 42501
select count(*) from people p, generate_series(1, p.salary) n

-- reader: deny 42501
select generate_series(1, salary) from people

-- reader: deny 42501
select count(*) from people p, lateral generate_series(1, length(p.ssn)) n

-- reader: deny 42501
select case when ssn > 'D' then (select count(*) from generate_series(1, 10000000)) end from people

-- reader: deny 42501
insert into orders select n, 1, 1, 'x' from generate_series(10, 1000000000) n

-- reader: deny 42501
create table made as select n from generate_series(1, 1000000000) n

-- reader: allow
select n from generate_series(1, 5) n

-- reader: allow
select d::date from generate_series(date '2026-01-01', '2026-01-03', '1 day') d

-- reader: allow
select o.id, n from orders o, generate_series(1, o.id) n order by 1, 2

-- reader: allow
select * from (select 1) a(one) limit 1 offset 0
