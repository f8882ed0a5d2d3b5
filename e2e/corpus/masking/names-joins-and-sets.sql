-- A masked column by whatever way it comes to be an output.

-- reader: allow
-- masked: ssn, email, card, salary, born, token, photo, doc, tags, home
select * from people order by id

-- reader: allow
-- masked: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
table people

-- What is left of each, on purpose.
-- reader: allow
-- masked: email, card, salary, ssn
-- row: c***@example.com | ************6467 | NULL | [redacted]
-- forms: simple, text, copy, cursor
select email, card, salary, ssn from people where id = 1

-- reader: allow
-- masked: id, ID
select ssn as id, ssn as "ID", name as ssn from people order by people.id

-- reader: allow
-- masked: a, b
select x.c as a, x.c b, x.n from (select ssn as c, name as n from people) x

-- reader: allow
-- masked: c
select c from people as t(a, b, c) order by a

-- reader: allow
-- masked: ssn
select o.id, p.ssn from orders o join people p on p.id = o.person_id order by o.id

-- reader: allow
-- masked: ssn, email, card, salary, born, token, photo, doc, tags, home
select * from orders o join people p on p.id = o.person_id order by o.id

-- reader: allow
-- masked: ssn
select * from (select id, ssn from people) p natural join (select id, total from orders) o order by id

-- reader: allow
-- masked: ssn
select * from (select id, ssn from people) p full join orders o using (id) order by id

-- reader: allow
-- masked: note
select id, note from orders union all select id, ssn from people order by 1

-- reader: allow
-- masked: ssn
select id, ssn from people where id < 3 union all select id, note from orders where id > 3 order by 1

-- reader: allow
-- masked: 1
(select ssn from people where id = 1) union all (values ('x'))

-- reader: allow
-- masked: 1
values ((select ssn from people where id = 1)), ('x')

-- reader: allow
-- masked: ssn
select id, (select ssn from people p where p.id = o.person_id) as ssn from orders o order by id

-- reader: allow
-- masked: s
select o.id, l.s from orders o, lateral (select ssn as s from people where id = o.person_id) l order by o.id

-- reader: allow
-- masked: x
select o.id, l.x from orders o join people p on p.id = o.person_id cross join lateral (values (p.ssn || '')) l(x) order by o.id

-- reader: allow
-- masked: y
with a as (select id, ssn as x from people), b as (select id, x as y from a) select id, y from b order by id

-- reader: allow
-- masked: e
with a(q, w, e) as materialized (select id, name, ssn from people) select q, w, e from a order by q

-- reader: allow
-- masked: s
with recursive r as (select 1 as n, ssn as s from people where id = 1 union all select n + 1, s || '.' from r where n < 3) select n, s from r

-- It comes into the second column from the third, a round later.
-- reader: allow
-- masked: s, t
with recursive r(n, s, t) as (select 1, ''::text, ssn from people where id = 1 union all select n + 1, t, s from r where n < 3) select n, s, t from r

-- A CTE with the table's name.
-- reader: allow
with people as (select id, note as ssn from orders) select id, ssn from people order by id

-- reader: allow
-- masked: ssn
with people as (select id, ssn from people) select id, ssn from people order by id

-- Only LATERAL sees its neighbour: here it is the column of the outer table.
-- reader: allow
-- masked: 1
select (select max(x.s) from orders, (select upper(ssn) s) x) from people where id = 1

-- reader: allow
-- masked: upper
select upper from (select upper(ssn) from people where id = 1) q

-- reader: allow
-- masked: case
select "case" from (select case when id = 1 then ssn end from people where id = 1) q

-- reader: allow
-- masked: max
select max(ssn), count(*) from people

-- reader: allow
-- masked: lag
select id, lag(ssn) over (order by id) from people order by id

-- reader: allow
-- masked: first_value
select id, first_value(ssn) over w from people window w as (order by id) order by id
