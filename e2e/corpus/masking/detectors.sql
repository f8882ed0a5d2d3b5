-- What nobody tagged, and looks like it.

-- reader: allow
-- masked: body
select id, body from messages where id < 3 order by id

-- Digits of full width, and NBSP between them.
-- reader: allow
-- masked: body
select id, body from messages where id in (3, 4) order by id

-- reader: allow
-- masked: raw, number, doc
select raw, number, doc from messages where id = 1

-- reader: allow
-- masked: doc
select doc from messages where id = 2

-- reader: allow
-- first: set local bytea_output = 'escape'
-- masked: raw
select raw from messages where id = 1

-- reader: allow
-- masked: 1
select upper(body) from messages where id = 2

-- reader: allow
-- masked: 1
select array[body] from messages where id < 3 order by id

-- COPY tells no types: a bytea inside of a row is known there by how it is printed.
-- reader: allow
-- masked: m
select m from messages m where id = 1

-- reader: allow
-- forms: simple
-- masked: 2, 3, 4, 5
copy (select * from messages where id = 1) to stdout

-- reader: allow
-- forms: simple
-- varies
copy messages to stdout with (format csv)

-- reader: allow
-- masked: 1
select 'write to cnryzaphodwq@example.com'

-- reader: allow
-- masked: 1
select E'a\nb 4539-1488-0343-6467\tc'

-- What only looks a little like it stays byte for byte.
-- reader: allow
select body, raw, doc, number from messages where id = 5

-- reader: allow
select 4111111111111112, '4111111111111112', 'no-at.example.com', 'a@b', '1234 5678', '2026-01-02 03:04:05'

-- reader: allow
select U&'\FF14\FF15', E'\u00a0x\u00a0', ' 1 2 3 '
