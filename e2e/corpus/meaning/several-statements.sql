-- One decision on all of a text: one refused, nothing runs.

-- reader: deny 42501
-- forms: simple
select 1; delete from orders

-- reader: deny 42501
-- forms: simple
delete from orders; select 1

-- reader: deny 42501
-- forms: simple
commit; delete from orders

-- reader: deny 42501
-- forms: simple
-- bare
begin; select 1; delete from orders; commit

-- reader: deny 42501
-- forms: simple
-- bare
select 1; drop table orders

-- reader: deny 42601
-- forms: simple
-- bare
select 1; selec 2

-- held: hold
-- forms: simple
-- bare
select 1; update orders set note = 'x'

-- reader: allow
-- forms: simple
select 1; select id from orders order by id; select 'x'

-- reader: allow
-- forms: simple
;

-- The target refuses these, too.
-- reader: allow
-- forms: text
select 1; select 2
