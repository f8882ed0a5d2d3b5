-- How values are printed is a setting: what is masked stays so in every style, and all else is as the target prints it.

-- reader: allow
-- first: set local bytea_output = 'escape'
-- masked: photo
select id, photo from people order by id

-- reader: allow
-- first: set local bytea_output = 'hex'
-- masked: photo
select id, photo from people order by id

-- reader: allow
-- first: set local datestyle = 'German'
-- masked: born
select id, born from people order by id

-- reader: allow
-- first: set local datestyle = 'SQL, DMY'
-- masked: born, b
select id, born, born::text as b from people order by id

-- reader: allow
-- first: set local datestyle = 'Postgres, MDY'
-- masked: born
select id, born from people order by id

-- reader: allow
-- first: set local datestyle = 'ISO, YMD'
-- masked: born
select id, born from people order by id

-- reader: allow
-- first: set local extra_float_digits = -15
-- masked: salary
select id, salary from people order by id

-- reader: allow
-- first: set local timezone = 'Asia/Tokyo'
-- masked: born
select id, born from people order by id

-- reader: allow
-- first: set local intervalstyle = 'iso_8601'
-- masked: born
select id, born from people order by id

-- reader: allow
-- first: set local xmlbinary = 'hex'
-- masked: photo
select id, photo from people order by id

-- reader: allow
-- first: set local quote_all_identifiers = on
-- masked: home, people
select id, home, people from people order by id

-- reader: allow
-- first: set local lc_monetary = 'C'
-- masked: salary
select id, salary from people order by id

-- reader: allow
-- first: set local standard_conforming_strings = on
-- masked: ssn
select id, ssn from people order by id

-- reader: allow
-- first: set local bytea_output = 'escape'
select '\x00ff5c41'::bytea, '\x'::bytea

-- reader: allow
-- first: set local bytea_output = 'hex'
select '\x00ff5c41'::bytea

-- reader: allow
-- first: set local datestyle = 'German'
select date '2026-02-03', timestamp '2026-02-03 04:05:06.7', timestamptz '2026-02-03 04:05:06+00'

-- reader: allow
-- first: set local datestyle = 'SQL, DMY'
select date '2026-02-03', timestamp '2026-02-03 04:05:06'

-- reader: allow
-- first: set local datestyle = 'Postgres'
select timestamptz '2026-02-03 04:05:06+00', date 'infinity', date '0044-03-15 BC'

-- reader: allow
-- first: set local intervalstyle = 'iso_8601'
select interval '1 year 2 mons 3 days 04:05:06.7', interval '-1 day'

-- reader: allow
-- first: set local intervalstyle = 'sql_standard'
select interval '1 year 2 mons', interval '3 days 04:05:06'

-- reader: allow
-- first: set local intervalstyle = 'postgres_verbose'
select interval '1 year -2 days', interval '0'

-- reader: allow
-- first: set local timezone = 'America/New_York'
select timestamptz '2026-07-03 04:05:06+00', timetz '04:05:06+02'

-- reader: allow
-- first: set local extra_float_digits = 0
select 0.1::float8 + 0.2, 1e300::float8, 'NaN'::float4

-- reader: allow
-- first: set local extra_float_digits = -10
select pi(), 1.5::float4

-- reader: allow
-- first: set local xmlbinary = 'hex'
select xmlelement(name a, '\x00ff'::bytea)

-- reader: allow
-- first: set local lc_monetary = 'C'
select 12.34::money

-- reader: allow
-- first: set local escape_string_warning = off
select E'a\tb', 'a\b'

-- reader: allow
-- first: set local quote_all_identifiers = on
select quote_ident('a'), 'people'::regclass::text, pg_get_viewdef('v_people'::regclass)

-- reader: allow
-- first: set local jit = off
select 1

-- reader: allow
-- first: set local search_path = lookalike, public
select 'orders'::regclass::text, current_schema()

-- reader: allow
-- forms: simple
-- first: set local bytea_output = 'escape'
-- first: set local datestyle = 'German'
-- masked: 2, 3
copy (select id, photo, born from people order by id) to stdout

-- reader: allow
-- forms: simple, text, binary
-- first: declare c cursor for select id, photo, born, tags from people order by id
-- first: set local bytea_output = 'escape'
-- masked: photo, born, tags
fetch all from c

-- By whom and when it is set makes no difference.
-- reader: allow
-- bare
-- first: set bytea_output = 'escape'
-- first: set datestyle = 'SQL, MDY'
-- masked: photo, born
select id, photo, born from people order by id

-- reader: allow
-- forms: simple, text, copy, cursor
-- first: select set_config('bytea_output', 'escape', true)
-- masked: photo
select id, photo from people order by id

-- reader: allow
-- first: set local intervalstyle = 'sql_standard'
-- first: set local bytea_output = 'escape'
-- masked: photo
select interval '1 day 2 hours' * id, photo from people order by id

-- Detectors read what is printed.
-- reader: allow
-- first: set local bytea_output = 'escape'
-- masked: raw
select raw from messages where id = 1

-- reader: allow
-- first: set local extra_float_digits = 0
-- masked: number, doc
select number, doc from messages where id = 1

-- reader: allow
-- first: set local datestyle = 'ISO'
select timestamptz '2026-01-02 03:04:05.123456+00', 20260102030405, '2026-01-02T03:04:05Z'

-- Of a span between a masked day and another one.
-- reader: deny 42501
-- first: set local intervalstyle = 'iso_8601'
select age(timestamp '2026-01-01', born::timestamp) from people
