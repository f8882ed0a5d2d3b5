-- Patterns, and other small texts that cost much: a read is let through, and the session's own time ends it (57014). Over a masked value they tell how long it is.

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 100000000) n where n::text ~ '(1|11)*$'

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where repeat('a', 1000 + n % 2) ~ '^(a+)+$'

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where repeat('a', 500 + n % 2) ~ '(a*)*(a*)*(a*)*b'

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(regexp_replace(repeat('ab', 1000 + n % 2), '(a)(b)', '\2\1', 'g')) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select sum(regexp_count(repeat('ab', 1000 + n % 2), 'a.')) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n, regexp_matches(repeat('ab', 1000 + n % 2), '(a)(b)', 'g')

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where repeat('ab', 1000 + n % 2) ~ ('(' || repeat('a?', 20) || ')' || repeat('a', 20))

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where repeat('a', 2000 + n % 2) like repeat('%a', 1000) || 'b'

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where repeat('a', 3000 + n % 2) similar to '(a|aa)+b'

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where repeat('xy', 20 + n % 2) ~ '(.*)(.*)(.*)\1\2\3z'

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where to_tsvector('simple', repeat('a b ', 1000 + n % 2)) is null

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where jsonb_path_exists(to_jsonb(array_fill(n, array[100])), '$[*] ? (@ < 0)')

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where n::text similar to '%(12|21)+'

-- reader: allow
-- forms: simple, text
select 'x' ~ repeat('(', 5000)

-- reader: allow
-- forms: simple, text
select 'x' ~ '(x{255}){255}{255}'

-- reader: allow
select substring('foobar' from 'o(.)b'), 'abc' similar to '(b|c)%', regexp_split_to_array('a b', ' '), regexp_like('x', 'X', 'i')

-- reader: allow
select id from orders where note ~* '^(first|second)$' order by id

-- reader: deny 42501
select count(*) from people, generate_series(1, 100000) n where ssn ~ '^(a+)+$'

-- reader: deny 42501
select ssn ~ ('^' || repeat('(.*)', 200)) from people

-- reader: deny 42501
select regexp_count(ssn, '.') from people

-- reader: deny 42501
select regexp_instr(ssn, 'q') from people

-- reader: deny 42501
select regexp_substr(ssn, 'C.*') from people

-- reader: deny 42501
select ssn similar to 'C%(q|w)+' from people

-- reader: deny 42501
select 'abc' ~ ssn from people

-- reader: deny 42501
select name ~ ssn from people

-- reader: deny 42501
select id from people where note like ssn
