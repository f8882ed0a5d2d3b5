-- What a server refuses at its limits: where a masked value decides whether it does, the failure tells of the value.

-- Nothing is longer than a gigabyte.

-- reader: deny 42501
select length(replace(ssn, 'CNRYq', '') || repeat('x', 17000000)) from people where id = 1

-- reader: deny 42501
select length(ssn || repeat('x', 17000000)) from people where id = 1

-- reader: deny 42501
select length(concat(ssn, lpad('x', 17000000))) from people where id = 1

-- reader: deny 42501
select length(concat_ws(repeat('x', 9000000), ssn, id, id)) from people where id = 1

-- reader: deny 42501
select length(ssn || (select string_agg('x', '') from generate_series(1, 8))) from people where id = 1

-- reader: deny 42501
select length(string_agg(replace(ssn, 'q', ''), '')) from people, generate_series(1, 8) where people.id = 1

-- reader: deny 42501
select length(string_agg(ssn, repeat('x', 9000000))) from people where id in (1, 2)

-- reader: deny 42501
select json_agg(replace(ssn, 'q', '')) from people, generate_series(1, 8) where people.id = 1

-- reader: deny 42501
select array(select replace(ssn, 'q', '') from people, generate_series(1, 8))

-- reader: deny 42501
select length(replace(ssn, 'C', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')) from people

-- reader: deny 42501
select length(replace(replace(replace(replace(ssn, 'C', 'CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC'), 'C', 'CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC'), 'C', 'CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC'), 'C', 'C')) from people where id = 1

-- reader: deny 42501
with recursive r as (select replace(ssn, 'q', '') s, 1 n from people where id = 1 union all select s || s, n + 1 from r where n < 27) select length(s || s || s || s) from r

-- reader: deny 42501
select length(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(quote_literal(trim(ssn)))))))))) from people

-- reader: deny 42501
select length(s || format('%17000000s', 'x')) from (select ssn as s from people) x

-- reader: allow
-- masked: 1, 2, 3, 4
select ssn || repeat('-', 20), rpad(name, 20) || ssn, concat(name, ' (', ssn, ')'), replace(replace(ssn, '-', ''), ' ', '') from people order by id

-- reader: allow
-- masked: 1, 2
select '[' || string_agg(ssn, ',' order by id) || ']', string_agg(name || ' ' || ssn, ', ' order by id) from people

-- reader: allow
-- masked: t
with recursive r as (select ssn as s, 1 as n from people where id = 1 union all select substr(s, 2), n + 1 from r where n < 5) select s || '!' as t, n from r

-- reader: allow
-- masked: t
select u.t || '!' as t from (select ssn as t from people union all select note from orders) u

-- Arrays of arrays have rows of one length.

-- reader: deny 42501
select array[string_to_array(ssn, 'q'), array['a', 'b']] from people where id = 1

-- reader: deny 42501
select array[tags, array['a', 'b']] from people

-- reader: deny 42501
select array_agg(tags) from people

-- reader: deny 42501
select array_agg(string_to_array(ssn, 'q')) from people where id < 3

-- reader: deny 42501
select array(select tags from people)

-- reader: deny 42501
select string_to_array(ssn, 'q') || array[array['a']] from people where id = 1

-- reader: deny 42501
select string_to_array(ssn, 'q') || '{{a,b}}' from people where id = 1

-- reader: deny 42501
select array_cat(string_to_array(ssn, 'q'), array[array['a', 'b']]) from people where id = 1

-- reader: allow
-- masked: 1, 2, 3, 4
select array[ssn, name], array_agg(ssn) over (order by id), array(select ssn from people order by id), tags || array['x'] from people order by id

-- What is taken for JSON, has to fit into a type, or must not come twice.

-- reader: deny 42501
select json_array(right(ssn, 2) format json) from people where id = 1

-- reader: deny 42501
select json_arrayagg(right(ssn, 2) format json) from people where id = 1

-- reader: deny 42501
select json_objectagg(id : right(ssn, 2) format json) from people where id = 1

-- reader: deny 42501
select json_array(select right(ssn, 2) from people where id = 1 format json)

-- reader: deny 42501
select json_array(ssn returning varchar(5)) from people where id = 1

-- reader: deny 42501
select json_arrayagg(ssn returning varchar(5)) from people where id = 1

-- reader: deny 42501
select json_array(select ssn from people where id = 1 returning varchar(5))

-- reader: deny 42501
select json_serialize(json_scalar(ssn) returning varchar(5)) from people where id = 1

-- reader: deny 42501
select json_objectagg(k : 1 with unique keys) from (select left(ssn, 5) as k from people where id = 1 union all select 'CNRYq') t

-- reader: deny 42501
select json_object(left(ssn, 5) : 1, 'CNRYq' : 2 with unique keys) from people where id = 1

-- reader: allow
-- masked: 1, 2, 3
select json_array(ssn, name), json_array(ssn returning jsonb), json_scalar(ssn) from people order by id

-- reader: allow
-- masked: 1, 2, 3
select json_arrayagg(ssn order by id), json_objectagg(id : ssn returning text), json_array(select ssn from people order by id) from people
