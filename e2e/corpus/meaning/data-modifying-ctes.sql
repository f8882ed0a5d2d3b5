-- What a WITH holds is run, whatever stands around it.

-- reader: deny 42501
-- writer: allow
-- held: hold
-- forms: simple, text, binary, copy
with gone as (delete from orders returning id) select id from gone order by id

-- reader: deny 42501
with gone as (delete from orders returning id) select 1

-- reader: deny 42501
with gone as (delete from orders) select count(*) from orders

-- reader: deny 42501
with added as (insert into orders values (9, 1, 1, 'x') returning *), kept as (select 1) select * from kept

-- reader: deny 42501
with changed as (update orders set total = 0 returning *) select * from changed

-- reader: deny 42501
with merged as (merge into orders o using people p on p.id = o.person_id when matched then delete returning o.id) select * from merged

-- reader: deny 42501
-- writer: allow
insert into orders with gone as (delete from orders where id = 1 returning *) select id + 100, person_id, total, note from gone

-- reader: deny 42501
with recursive a as (select 1 as n union all select n + 1 from a where n < 3), gone as (delete from orders) select n from a

-- Nested ones are refused by the target; here before.
-- reader: deny 42501
select * from (with gone as (delete from orders returning id) select * from gone) x

-- reader: deny 42501
select (with gone as (delete from orders returning id) select count(*) from gone)

-- reader: deny 42501
with a as (with b as (delete from orders returning id) select * from b) select * from a

-- reader: deny 42501
explain analyze with gone as (delete from orders returning id) select * from gone

-- Only a name.
-- reader: allow
-- row: 1
with "delete" as (select 1 as "drop") select "drop" from "delete"
