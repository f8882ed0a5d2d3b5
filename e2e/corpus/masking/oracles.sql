-- Each answer would tell a little of the value: it needs `filter`.

-- reader: deny 42501
-- writer: deny 42501
select id from people where ssn like 'CNRYq%'

-- reader: deny 42501
select count(*) from people where ssn = 'CNRYqvx7kzjw31'

-- reader: deny 42501
select id from people where salary between 1 and 700000000

-- reader: deny 42501
select id from people order by ssn

-- reader: deny 42501
select id, ssn from people order by 2

-- reader: deny 42501
select count(*) from people group by ssn

-- reader: deny 42501
select distinct ssn from people

-- reader: deny 42501
select distinct on (ssn) id from people

-- reader: deny 42501
select count(distinct ssn) from people

-- reader: deny 42501
select 1 from people having max(ssn) > 'D'

-- reader: deny 42501
select o.id from orders o join people p on p.ssn = o.note

-- reader: deny 42501
select o.id from orders o natural join (select ssn as note from people) p

-- reader: deny 42501
select o.id from orders o join (select ssn as note from people) p using (note)

-- reader: deny 42501
select id from orders where note in (select ssn from people)

-- reader: deny 42501
select id from orders where exists (select 1 from people where ssn like 'CNRYq%')

-- reader: deny 42501
select id from orders where note = any (array(select ssn from people))

-- reader: deny 42501
select case when ssn like 'CNRYq%' then 1 / 0 end from people

-- reader: deny 42501
select rank() over (order by ssn), id from people

-- reader: deny 42501
select ntile(2) over (partition by left(ssn, 5)) from people

-- reader: deny 42501
select count(*) filter (where ssn like 'CNRYq%') from people

-- reader: deny 42501
select note from orders intersect select ssn from people

-- reader: deny 42501
select note from orders except select ssn from people

-- reader: deny 42501
select note from orders union select ssn from people

-- reader: deny 42501
values (1) limit (select ascii(ssn) - 66 from people where id = 1)

-- reader: deny 42501
values (1) offset (select length(ssn) from people where id = 1)

-- reader: deny 42501
select array_agg(id order by ssn) from people

-- reader: deny 42501
select percentile_disc(0.5) within group (order by ssn) from people

-- reader: deny 42501
select count(*) from people group by grouping sets ((id), (ssn))

-- reader: deny 42501
select p.id from people p where p::text like '%CNRYq%'

-- reader: deny 42501
select id from v_people where number like 'CNRYq%'

-- reader: deny 42501
select id from m_people where start = 'CNRYqvx7'

-- reader: deny 42501
select who from events where msg like 'CNRYq%'

-- reader: deny 42501
with recursive r as (select 1 as n union all select n + 1 from r where n < (select ascii(ssn) from people where id = 1)) select count(*) from r

-- reader: deny 42501
select g from generate_series(1, (select length(ssn) from people where id = 1)) g

-- reader: deny 42501
select id from people where case when ssn like 'CNRYq%' then pg_sleep(1) is null else true end

-- reader: deny 42501
select 1 from orders tablesample bernoulli ((select ascii(ssn) from people where id = 1))

-- reader: deny 42501
explain select id from people where ssn = 'CNRYqvx7kzjw31'

-- reader: deny 42501
explain analyze select id from people where ssn like 'CNRYq%'

-- writer: deny 42501
update orders set note = 'x' where exists (select 1 from people where ssn like 'CNRYq%')

-- writer: deny 42501
delete from people where ssn like 'CNRYq%'

-- writer: deny 42501
insert into orders select 100 + id, id, 1, 'x' from people where ssn like 'CNRYq%'

-- writer: deny 42501
merge into orders o using people p on p.ssn = o.note when matched then delete

-- writer: deny 42501
alter table people add check (ssn like 'CNRY%')

-- writer: deny 42501
create unique index on people (ssn)

-- writer: deny 42501
alter table people alter column ssn type int using ssn::int

-- The other way: what does not depend on the value.
-- reader: allow
select count(*) from people

-- reader: allow
select exists (select ssn from people)

-- reader: allow
-- masked: ssn
select id, ssn from people where name like 'A%' order by id

-- reader: allow
-- masked: ssn
select id, ssn from people order by name desc, id limit 2

-- Whether the rows that are there fit is an answer too.
-- writer: deny 42501
-- forms: simple
-- first: create table parted (like people) partition by range (ssn)
alter table parted attach partition people for values from ('A') to ('M')

-- writer: deny 42501
-- forms: simple
alter table people validate constraint people_pkey
