-- Where nobody can prove what comes out: refused, or masked whole where the connection says so.

-- A table that no catalog has.
-- writer: deny 0A000
-- first: create temporary table fresh (id int, note text)
select id, note from fresh

-- lenient: allow
-- first: create temporary table fresh (id int, note text)
-- first: insert into fresh values (1, 'x')
-- masked: id, note
select id, note from fresh

-- writer: deny 0A000
-- lenient: allow
-- first: create temporary table fresh (id int, note text)
-- masked: 1
select count(*) from fresh

-- What shapes its rows may be any column's.
-- writer: deny 0A000
-- lenient: deny 42501
-- first: create temporary table fresh (id int, note text)
select id from fresh where note = 'x'

-- writer: deny 0A000
-- lenient: deny 42501
-- first: create temporary table fresh (id int, note text)
select p.id from fresh natural join people p

-- writer: deny 0A000
-- lenient: deny 42501
-- first: create temporary table fresh (id int, note text)
insert into orders (id, total, note) select 100, 1, note from fresh

-- What it does is judged as ever.
-- lenient: deny 42501
-- first: create temporary table fresh (id int, note text)
do $$ begin delete from fresh; end $$

-- A name that means another table now is as unknown as one that nobody has heard of.
-- writer: deny 0A000
-- lenient: allow
-- first: create temporary table orders (id int, note text)
-- masked: id, note
select id, note from orders

-- writer: deny 0A000
-- lenient: deny 42501
-- first: create temporary table orders (id int, note text)
select id from orders where note = 'x'

-- Another database is the target's to refuse.
-- writer: allow
-- lenient: allow
-- forms: simple, text
select * from elsewhere.public.people

-- The same one is no other.
-- writer: allow
-- forms: simple, text
-- masked: ssn
select id, ssn from corpus.public.people order by id

-- writer: deny 42501
select id from corpus.public.people where ssn like 'C%'
