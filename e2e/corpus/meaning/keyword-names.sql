-- Tables, columns, aliases and CTEs that are named like keywords, and statements that are named like nothing.

-- reader: allow
-- row: 1 | a | b
select id, "delete", "drop" from "select"

-- reader: allow
select delete.id from orders delete order by delete.id

-- reader: allow
-- row: 1
with insert as (select 1 as update) select update from insert

-- reader: allow
-- row: 1 | 2 | 3
select 1 as truncate, 2 as grant, 3 as "alter table people drop column ssn"

-- reader: allow
-- row: 1
with orders as (select 1 as id) select id from orders

-- reader: allow
select * from "update"

-- reader: deny 42501
-- writer: allow
delete from "select"

-- reader: deny 42501
-- writer: allow
update "update" set id = 1

-- reader: deny 42501
-- writer: allow
insert into "select" ("drop", "delete") values ('x', 'y')

-- A CTE of that name is not the table.
-- reader: deny 42501
with orders as (delete from orders returning id) select * from orders

-- reader: deny 42501
DeLeTe
	FrOm ORDERS

-- reader: deny 42501
delete/**/from/**/orders

-- reader: deny 42501
;;; delete from orders;;
