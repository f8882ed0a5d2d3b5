-- COPY is its query, its table, or the server's disk.

-- reader: allow
-- forms: simple
-- row: 1 | 10.50
copy (select id, total from orders where id = 1) to stdout

-- reader: allow
-- forms: simple
copy orders to stdout

-- reader: allow
-- forms: simple
copy orders (id, note) to stdout

-- reader: deny 42501
-- writer: allow
-- held: hold
-- forms: simple
copy (delete from orders returning id) to stdout

-- reader: deny 42501
-- forms: simple
copy (insert into orders values (9, 1, 1, 'x') returning id) to stdout

-- reader: deny 42501
-- forms: simple
copy (update orders set note = 'x' returning id) to stdout

-- reader: deny 42501
-- forms: simple
copy (with gone as (delete from orders returning id) select * from gone) to stdout

-- reader: deny 42501
-- forms: simple
copy orders from stdin

-- reader: deny 42501
-- writer: deny 42501
-- held: deny 42501
copy orders to '/tmp/orders'

-- reader: deny 42501
-- writer: deny 42501
copy (select 1) to '/tmp/orders'

-- reader: deny 42501
-- writer: deny 42501
copy orders from '/etc/passwd'

-- reader: deny 42501
-- writer: deny 42501
copy orders to program 'cat'

-- reader: deny 42501
-- writer: deny 42501
copy orders from program 'echo 1'

-- reader: deny 42501
-- writer: deny 42501
copy (select 'harmless') to program 'sh -c "id"'
