-- What is bound stands in no text: it is decided on all the same, and masked values stay masked whatever they are compared with.

-- reader: deny 42501
-- bind: text CNRYqvx7kzjw31
select id from people where ssn = $1

-- reader: deny 42501
-- bind: ? CNRYq%
select id from people where ssn like $1

-- reader: deny 42501
-- bind: int4 739184620
select count(*) from people where salary = $1

-- reader: deny 42501
-- bind: text[] CNRYqvx7kzjw31,x
select id from people where ssn = any ($1)

-- reader: deny 42501
-- bind: date 1931-07-19
select id from people where born = $1

-- reader: deny 42501
-- bind: uuid c4a7e1d2-9b3f-4c58-8e6a-71f0d2b9a583
select id from people where token = $1

-- reader: deny 42501
-- bind: jsonb {"code": "CNRYdocwvx55q"}
select id from people where doc @> $1

-- reader: deny 42501
-- bind: text CNRYq%
select ssn like $1 from people

-- reader: deny 42501
-- bind: text ^CNRYq(.+)(.+)\1\2
select ssn ~ $1, regexp_replace(ssn, $1, '') from people

-- reader: deny 42501
-- bind: int4 3
select id from people order by left(ssn, $1)

-- reader: deny 42501
-- bind: text q
select replace(ssn, 'C', repeat($1, 1000000)) from people

-- reader: deny 42501
-- bind: text CNRYqvx7kzjw31
select nullif(ssn, $1) from people

-- reader: deny 42501
-- bind: int4 5
select repeat(ssn, $1) from people

-- reader: allow
-- bind: text CNRYqvx7kzjw31
-- masked: same
select id, ssn = $1 as same from people order by id

-- reader: allow
-- bind: int4 3
-- bind: int4 2
-- masked: a, b, c
select left(ssn, $1) as a, substr(ssn, $1, $2) as b, right(ssn, $2) as c from people order by id

-- reader: allow
-- bind: text -
-- masked: a
select ssn || $1 as a from people order by id

-- reader: allow
-- bind: int4 1
-- masked: ssn, born, salary, token
select ssn, born, salary, token from people where id = $1

-- reader: allow
-- bind: text none
-- masked: s
select coalesce(ssn, $1) as s from people order by id

-- curious: allow
-- bind: text CNRY%
-- masked: ssn
select id, ssn from people where ssn like $1 order by id

-- What is bound itself is found by detectors when it comes back, and by nothing else.
-- reader: allow
-- bind: text pay with 4539 1488 0343 6467
-- bind: text tea
-- masked: a
select $1 as a, $2 as b

-- reader: deny 42501
-- writer: allow
-- bind: int4 1
delete from orders where id = $1

-- reader: deny 42501
-- writer: deny 42501
-- bind: text /etc/passwd
select pg_read_file($1)

-- reader: deny 42501
-- bind: int4 1
select pg_sleep($1)

-- writer: deny 42501
-- bind: int4 1
update orders set note = p.ssn from people p where p.id = $1

-- writer: deny 42501
-- bind: int4 900
insert into orders (id, total, note) select $1 + id, 1, ssn from people

-- held: hold
-- bind: text x
-- bind: int4 1
update orders set note = $1 where id = $2

-- What a setting is set to is what was bound.
-- reader: deny 0A000
-- bind: text evil
select set_config('search_path', $1, false)

-- reader: deny 0A000
-- bind: text role
-- bind: text postgres
select set_config($1, $2, false)
