-- A value in pieces: over rows, cells, statements, messages and chunks. Every piece of what is tagged is masked.

-- reader: allow
-- masked: letter
select n, substr(ssn, n, 1) as letter from people, generate_series(1, 14) n where id = 1 order by n

-- reader: allow
-- masked: start
select n, left(ssn, n) as start from people, generate_series(1, 14) n where id = 1 order by n

-- reader: allow
-- masked: tail
select n, right(ssn, -n) as tail from people, generate_series(1, 13) n where id = 1 order by n

-- reader: allow
-- masked: a, b, c, d
select id, substr(ssn, 1, 1) a, substr(ssn, 2, 1) b, substr(ssn, 3, 1) c, substr(ssn, 4, 1) d from people order by id

-- reader: allow
-- masked: who, host
select split_part(email, '@', 1) as who, split_part(email, '@', 2) as host from people order by id

-- reader: allow
-- masked: a, b, c, d
select substr(card, 1, 4) a, substr(card, 5, 4) b, substr(card, 9, 4) c, substr(card, 13) d from people order by id

-- reader: allow
-- masked: byte
select substr(photo, n, 1) as byte from people, generate_series(1, 10) n where id = 1 order by n

-- reader: allow
-- masked: code
select n, ascii(substr(ssn, n, 1)) as code from people, generate_series(1, 14) n where id = 1 order by n

-- reader: allow
-- masked: half
select substr(ssn, 1, 7) as half from people where id = 1 union all select substr(ssn, 8) from people where id = 1

-- reader: allow
-- masked: part
select part from people, lateral (values (1, left(ssn, 7)), (2, right(ssn, 7))) p (n, part) where id = 1 order by n

-- reader: allow
-- masked: s
with recursive r (n, s) as (select 1, left(ssn, 1) from people where id = 1 union all select n + 1, substr(p.ssn, n + 1, 1) from r, people p where p.id = 1 and n < 14) select n, s from r

-- reader: allow
-- masked: letters
select array[left(ssn, 1), substr(ssn, 2, 1), substr(ssn, 3)] as letters from people order by id

-- reader: allow
-- forms: simple
-- masked: s
select left(ssn, 1) as s from people where id = 1; select substr(ssn, 2, 1) as s from people where id = 1; select substr(ssn, 3) as s from people where id = 1

-- reader: allow
-- forms: simple
-- masked: s
select left(ssn, 7) as s from people where id = 1; select right(ssn, 7) as s from people where id = 1; select null as s

-- Row by row out of a cursor, and a portal that is read in slices.
-- reader: allow
-- forms: simple, text, binary
-- first: declare c cursor for select id, left(ssn, 7) as half, right(ssn, 7) as rest from people order by id
-- masked: half, rest
fetch 1 from c

-- reader: allow
-- forms: simple, text, binary
-- first: declare c cursor for select substr(ssn, 1, 7) as half from people union all select substr(ssn, 8) from people
-- first: fetch 3 from c
-- masked: half
fetch 2 from c

-- reader: allow
-- forms: simple, text, binary
-- first: declare c scroll cursor for select id, ssn from people order by id
-- masked: ssn
fetch relative 2 from c

-- reader: allow
-- forms: slices
-- masked: pair
select n, substr(ssn, n, 2) as pair from people, generate_series(1, 14) n where id = 1 order by n

-- reader: allow
-- forms: simple
-- masked: 1
copy (select substr(ssn, n, 1) from people, generate_series(1, 14) n where id = 1 order by n) to stdout

-- reader: allow
-- forms: simple
-- varies
copy (select left(ssn, 7), right(ssn, 7) from people order by id) to stdout with (format csv)

-- reader: allow
-- forms: simple
-- varies
copy (select left(ssn, 7), right(ssn, 7) from people order by id) to stdout with (format binary)

-- Longer than any chunk: what stands around it comes in many messages.
-- reader: allow
-- masked: ssn, card
select id, ssn, repeat('x', 70000) as more, card from people order by id

-- reader: allow
-- masked: ssn
select repeat('x', 16384 - 7 * n) as before, ssn, repeat('y', n) as behind from people, generate_series(1, 6) n where id < 3 order by id, n

-- reader: allow
-- masked: ssn
select n, ssn, name from people, generate_series(1, 500) n where id < 4 order by n, id

-- curious: allow
-- masked: 1
select repeat(ssn, 5000) from people where id = 1

-- curious: allow
-- masked: between
select repeat('x', 70000) || ssn || repeat('y', 70000) as between from people where id < 4 order by id

-- curious: allow
-- masked: 2
select n, regexp_split_to_table(ssn, '') from people, generate_series(1, 2) n where id = 1

-- curious: allow
-- masked: 1
select string_to_table(ssn, null) from people where id = 1

-- Pieces that are put together again are the whole.
-- reader: allow
-- masked: whole
select left(ssn, 7) || substr(ssn, 8) as whole from people order by id

-- reader: allow
-- masked: whole
select string_agg(half, '' order by n) as whole from (select 1 as n, left(ssn, 7) as half from people where id = 1 union all select 2, substr(ssn, 8) from people where id = 1) p

-- reader: allow
-- masked: turned
select concat(substr(card, 9, 4), substr(card, 13), substr(card, 1, 8)) as turned from people order by id

-- Where nothing is tagged, a detector finds what is whole.
-- reader: allow
-- masked: body
select left(body, 8) || substr(body, 9) as body from messages where id < 3 order by id

-- What is no piece of it.
-- reader: allow
select n, substr(name, n, 1), substr(note, n, 2) from people, generate_series(1, 5) n where id = 1 order by n

-- reader: allow
select id, left(note, 3), right(note, 3) from orders order by id

-- reader: allow
select regexp_split_to_table(note, '') from orders where id = 1
