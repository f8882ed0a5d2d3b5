-- One value as long as the server lets it be (54000 and 22023 are its own), or the session's own time ends it (57014).

-- reader: allow
-- forms: simple, text
select length(repeat('x', 2000000000))

-- reader: allow
-- forms: simple, text
select lpad('x', 2000000000)

-- reader: allow
-- forms: simple, text
select rpad('x', 1073741824, 'ab')

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select sum(length(repeat('x', 100000 + n % 2))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(md5(repeat('x', 100000 + n % 2))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(length(replace(repeat('x', 1000 + n % 2), 'x', repeat('y', 90)))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select length(string_agg(n::text, ',')) from generate_series(1, 1000000000) n where n % 100 = 0

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select sum(length(format('%100000s', n))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select sum(length(encode(convert_to(repeat('x', 10000 + n % 2), 'UTF8'), 'hex'))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(sha512(convert_to(repeat('x', 10000 + n % 2), 'UTF8'))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select sum(length(upper(repeat('x', 10000 + n % 2)))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select sum(length(translate(repeat('abc', 10000 + n % 2), 'abc', 'xyz'))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(9::numeric ^ (n % 1000 + 1000)) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(factorial(500 + n % 2)) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where (select json_agg(repeat('x', 1000 + n % 2)) from generate_series(1, 100)) is null

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where (select xmlagg(xmlelement(name a, repeat('x', 1000 + n % 2))) from generate_series(1, 100)) is null

-- reader: allow
select repeat('x', 4000) = lpad('', 4000, 'x')

-- reader: allow
select length(repeat('x', 1000000))

-- reader: allow
select rpad('a', 5, '-') || lpad('7', 3, '0')

-- reader: deny 42501
select repeat('x', salary) from people

-- reader: deny 42501
select lpad('x', salary) from people

-- reader: deny 42501
select length(rpad(name, salary)) from people

-- reader: deny 42501
select length(repeat(ssn, 100000000)) from people

-- reader: deny 42501
select length(ssn || repeat('x', 1073741823)) from people

-- reader: deny 42501
update orders set note = repeat('x', 500000000)
