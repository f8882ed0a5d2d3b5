-- What no parser sees through.

-- reader: deny 42501
-- writer: deny 42501
-- held: deny 42501
do $$ begin delete from orders; end $$

-- reader: deny 42501
-- writer: deny 42501
do $$ begin end $$

-- reader: deny 42501
do language plpgsql 'begin execute ''del'' || ''ete from orders''; end'

-- reader: deny 42501
-- writer: deny 42501
call tidy()

-- reader: deny 0A000
-- writer: deny 0A000
-- curious: deny 0A000
execute nobody_knows

-- reader: deny 42501
-- writer: deny 42501
select query_to_xml('delete from orders returning id', true, true, '')

-- reader: deny 42501
-- writer: deny 42501
select table_to_xml('people', true, true, '')

-- reader: deny 42501
-- writer: deny 42501
select schema_to_xml('public', true, true, '')

-- reader: deny 42501
-- writer: deny 42501
select database_to_xml(true, true, '')

-- reader: deny 42501
-- writer: deny 42501
select query_to_xml_and_xmlschema('select 1', true, true, '')

-- reader: deny 42501
-- writer: deny 42501
select * from ts_stat('select to_tsvector(ssn) from people')

-- reader: deny 42501
-- writer: deny 42501
select ts_rewrite('a'::tsquery, 'select ''a''::tsquery, ''b''::tsquery')

-- In a query, in a place where nobody looks.
-- reader: deny 42501
select id from orders order by (select length(query_to_xml('delete from orders', true, true, '')::text))

-- reader: deny 42501
values (1) limit (select length(query_to_xml('delete from orders', true, true, '')::text))
