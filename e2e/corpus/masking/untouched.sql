-- What is not masked is byte for byte what the target says, beside what is.

-- reader: allow
-- masked: ssn
select ssn, null, '', ' ', U&'gr\00FC\00DFe \+01F600', E'a\tb\nc\\d', '\N', '****' from people order by id

-- reader: allow
-- masked: ssn
select ssn, 1::int2, 2::int4, 3::int8, 1.10::numeric, 'NaN'::float8, '-infinity'::float4, true from people order by id

-- reader: allow
-- masked: ssn
select ssn, date '2026-01-02', timestamptz '2026-01-02 03:04:05+00', interval '1 day 2 hours', time '01:02' from people order by id

-- reader: allow
-- masked: ssn
select ssn, '\x00ff'::bytea, '{"a": 1.10}'::json, '{"b":  2}'::jsonb, '{1,NULL,"x y"}'::text[], row(1, null, 'x') from people order by id

-- reader: allow
-- masked: ssn
select ssn, inet '10.0.0.1', uuid '00000000-0000-0000-0000-000000000000', '(1,2)'::point, b'101', '[1,5)'::int4range from people order by id

-- reader: allow
-- masked: 1
select ssn as "", 1 as "a b", 2 as "ä""", 3 as "a b" from people where id = 1

-- reader: allow
-- masked: ssn
select ssn, repeat('x', 100000) as long from people order by id

-- reader: allow
-- masked: ssn
select id, ssn from people where false
