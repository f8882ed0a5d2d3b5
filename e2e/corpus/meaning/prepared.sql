-- What a name stands for is what it does.

-- reader: deny 42501
prepare p as delete from orders

-- reader: deny 42501
prepare p (int) as with gone as (delete from orders where id = $1 returning id) select * from gone

-- held: hold
-- forms: simple, text, binary
-- first: prepare p as delete from orders
execute p

-- reader: allow
-- forms: simple, text, binary
-- first: prepare p (int) as select id, note from orders where id = $1
-- row: 2 | second
execute p(2)

-- reader: allow
-- forms: simple, text, binary
-- first: prepare p as select ssn from people where id = 1
-- masked: ssn
execute p

-- What nobody prepared here.
-- reader: deny 0A000
-- writer: deny 0A000
-- curious: deny 0A000
execute unknown_to_us

-- reader: deny 42501
create table made as execute p

-- reader: deny 0A000
explain execute p

-- reader: deny 42501
-- forms: simple
prepare p as delete from orders; execute p

-- reader: deny 42501
-- forms: simple
prepare p as select 1; execute p; delete from orders

-- The arguments are run, too.
-- reader: deny 42501
-- forms: simple, text, binary
-- first: prepare p (int) as select id, note from orders where id = $1
execute p(remover())

-- reader: deny 42601
declare c cursor for delete from orders

-- reader: deny 42501
declare c cursor with hold for select * from orders for update
