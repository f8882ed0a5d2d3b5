-- Checks, generated columns, unique keys, lengths and policies of rows: whoever sets one column learns by the error what stands in
-- the others.

-- reader: deny 42501
-- writer: deny 42501
-- curious: allow
-- forms: simple, text, binary
update wages set bonus = 500000000 where id = 1

-- writer: deny 42501
-- forms: simple, text, binary
insert into wages (id, pay, bonus) values (1, 2, 1) on conflict (id) do update set bonus = 739184620

-- writer: deny 42501
-- forms: simple, text, binary
with u as (update wages set bonus = 5 returning id) select count(*) from u

-- Nothing is said of columns that are not set.
-- writer: allow
-- forms: simple, text, binary
update wages set bonus = 5, pay = 6 where id = 1

-- writer: deny 42501
-- forms: simple, text, binary
update wages set code = left(code, 5) where id = 1

-- writer: deny 42501
-- forms: simple, text, binary
update wages set code = code || 'xxxxxxx'

-- writer: allow
-- forms: simple, text, binary
update wages set code = 'x' where id = 1

-- What a child makes of its columns comes out of its parent.
-- reader: allow
-- masked: line
select id, name, line from notes order by id

-- reader: allow
-- masked: line
select line from notes_kept

-- reader: deny 42501
select id from notes where line > 'M'

-- Whoever sets a setting asks what a view, or a policy, asks of it.
-- reader: deny 42501
select id from v_asked

-- reader: deny 42501
select note from fenced

-- curious: allow
-- first: set app.least = 'CNRYq'
select id, name from v_asked order by id
