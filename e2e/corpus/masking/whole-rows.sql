-- Rows, documents and containers that hold a masked value are masked whole.

-- reader: allow
-- masked: p
select p from people p order by id

-- reader: allow
-- masked: 1
select p::text from people p order by id

-- reader: allow
-- masked: people
select people from people order by id

-- reader: allow
-- masked: 1, 2, 3
select to_jsonb(p), row_to_json(p), to_json(p) from people p order by id

-- reader: allow
-- masked: 1
select json_agg(p) from people p

-- reader: allow
-- masked: 1
select jsonb_object_agg(id, ssn) from people

-- reader: allow
-- masked: 1
select array_agg(p order by id) from people p

-- reader: allow
-- masked: ssn
select (p).id, (p).ssn from people p order by id

-- reader: allow
-- masked: 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
select (p).* from people p order by id

-- reader: allow
-- masked: 1
select row(p.*) from people p order by id

-- reader: allow
-- masked: 1
select row(id, ssn) from people order by id

-- reader: allow
-- masked: 1
select array[ssn, name] from people order by id

-- reader: allow
-- masked: 1
select array(select ssn from people order by id)

-- reader: allow
-- masked: ssn
select (d.sub).ssn from (select p as sub from people p order by id) d

-- reader: allow
-- masked: 1
select json_build_object('a', id, 'b', ssn) from people order by id

-- reader: allow
-- masked: 1
select jsonb_build_array(ssn, name) from people order by id

-- Not every character may stand in XML.
-- reader: deny 42501
-- curious: allow
-- masked: 1
select xmlelement(name p, xmlattributes(ssn as s), name) from people order by id

-- curious: allow
-- masked: 1
select xmlforest(ssn, name) from people order by id

-- hstore is an extension's: its functions need `call`.
-- reader: deny 42501
select hstore(p) from people p

-- curious: allow
-- masked: 1
select hstore('key', ssn) from people order by id

-- reader: deny 42501
select (json_populate_record(null::people, to_json(p))).ssn from people p

-- reader: deny 42501
select e.value from people p, jsonb_each_text(to_jsonb(p)) e

-- reader: deny 42501
select to_jsonb(p) ->> 'ssn' from people p

-- reader: deny 42501
select doc ->> 'code' from people

-- reader: deny 42501
select unnest(tags) from people

-- reader: deny 42501
select tags[1] from people

-- reader: allow
-- masked: 1
select (home).street from people order by id

-- curious: allow
-- masked: value
select e.value from people p, jsonb_each_text(to_jsonb(p)) e where e.key = 'ssn'

-- curious: allow
-- masked: 1, 2, 3
select to_jsonb(p) ->> 'ssn', doc ->> 'code', tags[1] from people p order by id

-- curious: allow
-- masked: ssn
select r.ssn from people p, jsonb_to_record(to_jsonb(p)) as r(ssn text) order by id

-- curious: allow
-- masked: unnest
select unnest(tags) from people order by id
