-- Products of everything with everything: a read is let through, and the session's own time ends it (57014).

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from orders a, orders b, orders c, orders d, orders e, orders f, orders g, orders h, orders i, orders j, orders k, orders l, orders m, orders n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from pg_class a cross join pg_class b cross join pg_class c cross join pg_class d

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from pg_attribute a join pg_attribute b on true join pg_attribute c on a.attnum <> b.attnum

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from pg_proc a, pg_proc b, pg_proc c where a.proname || b.proname like '%' || c.proname || '%'

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from pg_proc a left join pg_proc b on a.oid < b.oid left join pg_proc c on b.oid < c.oid

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select (select count(*) from pg_proc b, pg_proc c where b.oid <> a.oid) from pg_proc a

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select a.oid from pg_proc a where not exists (select from pg_proc b, pg_proc c where b.oid + c.oid = a.oid)

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from (select 1 from pg_proc a, pg_proc b union all select 1 from pg_proc a, pg_proc b, pg_proc c) u

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from pg_proc a, lateral (select count(*) n from pg_proc b, pg_proc c where b.oid > a.oid) l

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select a.id from (values (1), (2)) a (id), pg_proc b, pg_proc c order by md5(b.prosrc || c.prosrc)

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from pg_proc a group by cube (a.oid, a.proname, a.proowner, a.prolang, a.procost, a.prorows, a.prosrc, a.pronargs, a.prokind, a.proleakproof)

-- reader: deny 42501
select count(*) from people a join people b on a.ssn < b.ssn

-- reader: deny 42501
select count(*) from people a, pg_proc b, pg_proc c where a.salary > 5

-- reader: deny 42501
select count(*) from people a natural join people b

-- reader: deny 42501
insert into orders (id, total) select row_number() over () + 9, 1 from pg_proc a, pg_proc b

-- reader: allow
select a.id, b.id from orders a cross join orders b where a.id < b.id order by 1, 2

-- reader: allow
select count(*) from orders a, orders b, orders c

-- reader: allow
select count(*) from people a join people b using (id)
