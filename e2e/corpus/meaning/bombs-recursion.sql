-- WITH RECURSIVE that does not end by itself: a read is let through, and the session's own time ends it (57014).

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
with recursive bomb (n) as (select 1 union all select n + 1 from bomb) select count(*) from bomb

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
with recursive bomb (n) as (select 1 union all select a.n + b.n from bomb a, generate_series(1, 10) b (n)) select count(*) from bomb

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
with recursive bomb (n) as (values (1::numeric) union all select n * 2 from bomb) select max(n) from bomb

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
with recursive bomb (t) as (select 'x' union all select t || t from bomb) select max(length(t)) from bomb

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
with recursive bomb (n) as (select 1 union all select n from bomb) select * from bomb offset 1000000000

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
with recursive bomb (n) as (select 1::bigint union select n + 1 from bomb) select count(*) from bomb

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
with recursive bomb (a, b) as (select 0::numeric, 1::numeric union all select b, a + b from bomb) select max(b) from bomb

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
with recursive bomb (n) as (select 1 union all (with more as (select n + 1 as n from bomb) select n from more)) select count(*) from bomb

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
with recursive bomb (n) as (select 1 union all select n + 1 from bomb) search depth first by n set place select count(*) from bomb

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
with recursive bomb (n) as (select 1::bigint union all select n + 1 from bomb) cycle n set again using path select count(*) from bomb

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
with recursive a (n) as (select 1 union all select n + 1 from a), b (n) as (select 1 union all select b.n + a.n from b, a) select count(*) from b

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select (with recursive bomb (n) as (select 1 union all select n + 1 from bomb) select count(*) from bomb)

-- reader: deny 42501
with recursive r (n) as (select 1 union all select n + 1 from r where n < (select salary from people where id = 1)) select count(*) from r

-- reader: deny 42501
with recursive r (n) as (select 1 union all select n + 1 from r, people p where p.id = 1 and n < length(p.ssn)) select max(n) from r

-- reader: deny 42501
with recursive r (s) as (select ssn from people where id = 1 union all select substr(s, 2) from r where s <> '') select count(*) from r

-- reader: deny 42501
with recursive r (n) as (select 1 union all select n + 1 from r where n < 3), gone as (delete from orders) select n from r

-- reader: allow
with recursive t (n) as (values (1) union all select n + 1 from t where n < 5) select n from t

-- reader: allow
with recursive up (id, depth) as (select id, 0 from orders where id = 1 union all select o.id, depth + 1 from orders o join up on o.id = up.id + 1) select * from up order by id

-- reader: allow
with recursive t (n) as (select 1 union all select n + 1 from t) select n from t limit 3

-- reader: allow
with recursive t (n) as (select 1 union select (n + 1) % 3 from t) select n from t order by n
