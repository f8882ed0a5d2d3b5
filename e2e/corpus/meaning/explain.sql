-- EXPLAIN runs nothing, unless it is told to.

-- reader: allow
-- varies
explain delete from orders

-- reader: allow
-- varies
explain (costs off) update orders set note = 'x'

-- reader: allow
-- varies
explain (analyze false) delete from orders

-- reader: allow
-- varies
explain (analyze, analyze off) delete from orders

-- reader: allow
-- varies
explain (format json) insert into orders values (9, 1, 1, 'x')

-- reader: allow
-- varies
explain analyze select * from orders

-- reader: deny 42501
-- writer: allow
-- held: hold
-- varies
explain analyze delete from orders

-- reader: deny 42501
explain (analyze off, analyze) delete from orders

-- reader: deny 42501
explain (analyze 1) delete from orders

-- reader: deny 42501
explain (analyze on, costs off) insert into orders values (9, 1, 1, 'x')

-- reader: deny 42501
explain (verbose, analyze true) update orders set note = 'x'

-- reader: deny 42501
explain analyze create table copied as select id from orders

-- reader: deny 42501
explain analyze merge into orders o using people p on p.id = o.person_id when matched then delete

-- reader: deny 42501
explain analyze verbose with gone as (delete from orders returning id) select * from gone

-- The planner calls what is constant.
-- reader: deny 42501
explain select remover()

-- reader: deny 42501
explain select pg_read_file('/etc/passwd')
