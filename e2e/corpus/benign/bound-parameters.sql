-- What drivers bind, in text and in binary, of known types and of those that the server finds out.

-- bind: int4 1
select id, name from people where id = $1

-- bind: ? 1
select id, name from people where id = $1

-- bind: int8 1
-- masked: ssn
select id, ssn from people where id = $1

-- bind: text Ada
select id from people where name = $1

-- bind: varchar Ada
-- bind: int4 10
-- bind: int4 0
select id, name from people where name = $1 order by id limit $2 offset $3

-- bind: int4[] 1,2,3
select id, note from orders where id = any ($1) order by id

-- bind: ? {1,2}
select id, note from orders where id = any ($1::int4[]) order by id

-- bind: text[] first,second
select id from orders where note = any ($1) order by id

-- bind: int8[]
select id from orders where id = any ($1)

-- bind: int4 1
-- bind: int4 2
-- bind: int4 3
select id from orders where id in ($1, $2, $3) order by id

-- bind: text %ir%
select id from orders where note ilike $1 order by id

-- bind: text drop table people; --
select id from orders where note = $1

-- bind: text x' or '1'='1
select id from orders where note = $1

-- bind: date 2025-01-01
-- bind: date 2026-12-31
select at, who from events where at between $1 and $2 order by at

-- bind: timestamptz 2026-01-02T03:04:05Z
select $1::timestamptz at time zone 'UTC', $1 + interval '1 day'

-- bind: timestamp 2026-01-02T03:04:05Z
-- bind: interval 1 day
select $1::timestamp + $2

-- bind: numeric 10.50
select id from orders where total >= $1 order by id

-- bind: float8 10.5
-- bind: float4 1.5
select $1::float8 * 2, $2::float4

-- bind: bool true
-- bind: bool false
-- bind: bool
select $1::bool, $2::bool, $3::bool

-- bind: uuid 00000000-0000-0000-0000-000000000001
-- bind: uuid[] 00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-000000000002
select $1::uuid = any ($2)

-- bind: bytea \x00ff10
select length($1::bytea), encode($1, 'hex'), $1

-- bind: jsonb {"a": 1}
select id from messages where doc @> $1 order by id

-- bind: json {"a":  1.10}
-- bind: text a
select $1::json, $1::json ->> $2

-- bind: inet 10.0.0.1
select host($1::inet), family($1)

-- bind: name people
-- bind: oid 1259
select relname, $2::oid from pg_class where relname = $1 and relkind = 'r' order by oid limit 1

-- bind: text public
-- bind: text people
select column_name, data_type from information_schema.columns where table_schema = $1 and table_name = $2 order by ordinal_position

-- bind: text people
select a.attname, a.atttypid from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 order by a.attnum

-- bind: int2 1
-- bind: bpchar x
-- bind: unknown y
select $1::int2, $2::bpchar, $3

-- bind: text
-- bind: int4
select coalesce($1, 'none'), coalesce($2, 0), $1 is null

-- bind: ? 5
-- bind: ? x
select case when $1::int > 3 then $2 else 'small' end

-- bind: int4 2
-- bind: text ,
select person_id, string_agg(note, $2 order by id) from orders where person_id < $1 group by person_id

-- bind: numeric 0
-- bind: int4 1
select id, total from orders where (total, id) > ($1, $2) order by total, id limit 2

-- bind: timestamptz 2025-01-01T00:00:00Z
-- bind: text month
select date_trunc($2, at) as m, count(*) from events where at > $1 group by 1 order by 1

-- bind: int4 1
with picked as (select id, person_id from orders where person_id = $1) select p.id, q.name from picked p join people q on q.id = p.person_id order by 1

-- bind: int4 1
-- masked: email
select o.id, p.email from orders o join people p on p.id = o.person_id where o.id = $1 union all select $1, null

-- bind: text a,b
select * from string_to_table($1, ',') with ordinality

-- bind: int4 3
select g, g * $1 from generate_series(1, $1) g

-- bind: jsonb {"person": 1, "note": "first"}
select o.id from orders o, jsonb_to_record($1) as r (person int, note text) where o.person_id = r.person and o.note = r.note

-- bind: int4[] 1,2
-- bind: text[] x,y
select u.id, u.note from unnest($1::int4[], $2::text[]) as u (id, note)

-- bind: int4 100
-- bind: int4 1
-- bind: numeric 2.50
-- bind: text it's
-- writer: allow
insert into orders (id, person_id, total, note) values ($1, $2, $3, $4) returning id, note

-- bind: int4[] 100,101
-- bind: text[] x,y
-- writer: allow
insert into orders (id, total, note) select u.id, 1, u.note from unnest($1, $2) as u (id, note) returning id

-- bind: int4 1
-- bind: numeric 2
-- writer: allow
insert into orders (id, person_id, total) values ($1, $1, $2) on conflict (id) do update set total = excluded.total returning id, total

-- bind: text later
-- bind: int4 1
-- writer: allow
update orders set note = $1, total = total + 1 where id = $2 returning note, total

-- bind: text
-- bind: int4 1
-- writer: allow
update orders set note = coalesce($1, note) where id = $2

-- bind: int4[] 3,4
-- writer: allow
delete from orders where id = any ($1) returning id

-- bind: text new@example.com
-- bind: int4 1
-- writer: allow
update people set email = $1 where id = $2

-- bind: int4 5
-- bind: text Ada
-- bind: text 123-45
-- writer: allow
insert into people (id, name, ssn) values ($1, $2, $3)

-- bind: int4 1
-- bind: numeric 2
-- writer: allow
merge into orders o using (values ($1, $2)) v (id, total) on o.id = v.id when matched then update set total = v.total when not matched then insert (id, total) values (v.id, v.total)
