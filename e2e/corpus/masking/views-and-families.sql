-- Views, materialized views, partitions and inheritance: other names for the same values.

-- reader: allow
-- masked: number, salary
select * from v_people order by id

-- reader: allow
-- masked: n
select * from v_nested order by shout

-- reader: allow
-- masked: text
select id, text from v_union order by id

-- reader: allow
-- masked: person
select id, person from v_row order by id

-- reader: allow
-- masked: ssn
select (person).ssn from v_row

-- reader: allow
-- masked: number, start
select id, number, start, name from m_people order by id

-- reader: allow
-- masked: msg
select at, who, msg from events order by at

-- reader: allow
-- masked: msg
select at, who, msg from events_2025

-- reader: allow
-- masked: msg
select at, who, msg from only events_2026

-- reader: allow
-- masked: 1
select msg || '' from events_2025

-- reader: allow
-- masked: code
select id, code from base order by id

-- reader: allow
-- masked: code
select id, code from only base

-- reader: allow
-- masked: code
select id, code, extra from derived

-- reader: allow
-- masked: ssn
select lookalike.people.ssn as free, public.people.ssn from lookalike.people join public.people using (id) order by id
