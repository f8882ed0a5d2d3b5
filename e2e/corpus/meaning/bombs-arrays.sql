-- Arrays as large as the server lets them be (54000 is its own), or the session's own time ends it (57014).

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select sum(cardinality(array_fill(n, array[100000]))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text
select array_fill(0, array[1000000000])

-- reader: allow
-- forms: simple, text
select array_fill(0, array[100000, 100000])

-- reader: allow
-- forms: simple, text
select array_fill(0, array[1, 1, 1, 1, 1, 1, 1])

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select cardinality(array(select n from generate_series(1, 1000000000) n where n % 1000 = 0))

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select cardinality(array_agg(n)) from generate_series(1, 1000000000) n where n % 1000 = 0

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select sum(array_length(string_to_array(repeat('x,', 10000 + n % 2), ','), 1)) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(cardinality(array_fill(n, array[10000]) || array_fill(n, array[10000]))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(array_sort(array_fill(n, array[10000]))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(array_shuffle(array_fill(n, array[10000]))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(array_reverse(array_fill(n, array[10000]))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(array_remove(array_fill(n, array[10000]), 1)) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(cardinality(array_positions(array_fill(n, array[10000]), n))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select bool_and(array_fill(n, array[30000]) @> array_fill(n, array[30000])) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select max(length(array_to_string(array_fill(n, array[10000]), ','))) from generate_series(1, 1000000000) n

-- reader: allow
-- forms: simple, text, binary
-- varies
-- first: set local statement_timeout = '20ms'
select count(*) from generate_series(1, 1000000000) n where (select array_agg(array_fill(n, array[100])) from generate_series(1, 100)) is null

-- reader: allow
select array_fill(7, array[2, 3]), array_fill(0, array[3], array[-1])

-- reader: allow
select (array[1, 2, 3])[2], cardinality(array[1, 2]), array_append('{1}'::int[], 2), array_cat('{1}'::int[], '{2}')

-- reader: allow
select array_sort('{3,1,2}'::int[]), array_reverse('{1,2}'::int[]), trim_array('{1,2,3}'::int[], 1)

-- reader: deny 42501
select cardinality(array_fill(0, array[salary])) from people

-- reader: deny 42501
select array_fill(0, array[length(ssn)]) from people

-- reader: deny 42501
select (array_fill(0, array[10]))[length(ssn)] from people

-- reader: deny 42501
insert into orders (id, total) select unnest(array_fill(9, array[1000000])), 1
