-- Everyday queries that are not what a pattern would take them for. A refusal here teaches people to loosen rules.

-- reader: allow
select note from orders where note = 'DROP TABLE people'

-- reader: allow
select count(*) from orders where note ilike '%delete from%' or note like 'truncate%'

-- reader: allow
select id as "update", total as "into" from orders order by "update"

-- reader: allow
select 'a; drop table people; --' as sql, $tag$ begin; delete from orders; commit; $tag$ as script

-- reader: allow
select o.id, sum(o.total) over (order by o.id rows between unbounded preceding and current row) from orders o order by 1

-- reader: allow
with recursive t(n) as (values (1) union all select n + 1 from t where n < 5) select n from t

-- reader: allow
select p.id, p.name, count(o.id), coalesce(sum(o.total), 0) from people p left join orders o on o.person_id = p.id group by p.id, p.name order by p.id

-- reader: allow
select * from orders where (id, person_id) in (select id, person_id from orders where total > 5) order by id limit 10 offset 0

-- reader: allow
select o.* from orders o, lateral (select max(total) as most from orders i where i.person_id = o.person_id) m where o.total = m.most order by o.id

-- reader: allow
select id, case when total > 20 then 'much' when total > 0 then 'some' else 'none' end from orders order by id

-- reader: allow
select date_trunc('month', timestamp '2026-02-03 04:05'), extract(epoch from interval '1 hour'), to_char(date '2026-01-02', 'YYYY-MM')

-- reader: allow
select json_build_object('id', id, 'note', note), jsonb_agg(note) over (), to_jsonb(o) from orders o order by id

-- reader: allow
select array_agg(id order by id desc), string_agg(note, ', ' order by id), count(distinct person_id) from orders

-- reader: allow
select distinct on (person_id) person_id, id from orders order by person_id, id desc

-- reader: allow
select id from orders union select 100 except select 2 intersect select 2 order by 1

-- reader: allow
select generate_series(1, 3), unnest(array['a', 'b', 'c'])

-- reader: allow
select * from json_to_recordset('[{"a": 1, "b": "x"}]') as r(a int, b text)

-- reader: allow
select regexp_replace('delete 1', '\d', '#'), 'x' ~ '^drop', format('%s %I', 'delete', 'from')

-- reader: allow
select percentile_cont(0.5) within group (order by total), grouping(person_id) from orders group by rollup (person_id) order by 2, 1

-- reader: allow
select count(*) filter (where total > 10), bool_or(total > 10) from orders

-- reader: allow
table orders

-- reader: allow
values (1, 'delete'), (2, 'drop')

-- reader: allow
-- varies
select now(), current_date, current_user, version(), current_setting('server_version'), gen_random_uuid()

-- reader: allow
select relname from pg_class where relname in ('people', 'orders') order by 1

-- reader: allow
-- forms: simple, text
begin; savepoint a; release savepoint a; rollback

-- reader: allow
-- forms: simple
begin; savepoint a; select 1; rollback to a; release a; commit

-- reader: allow
-- masked: ssn
select id, name, ssn from people order by id

-- reader: allow
-- varies
explain update orders set note = 'x' where id = 1

-- reader: allow
select pg_size_pretty(1048576::bigint), to_regclass('public.orders')::text, 'orders'::regclass::text
