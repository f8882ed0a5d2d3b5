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

-- What it leaves behind in what the session keeps: a setting, a sequence, a lock, a channel.
-- curious: allow
-- forms: simple, text, copy
-- first: do $$ begin perform set_config('app.x', (select ssn from people where id = 1), false); end $$
-- masked: 1
select current_setting('app.x')

-- curious: allow
-- forms: simple, text
-- first: do $$ begin perform set_config('app.x', (select ssn from people where id = 1), false); end $$
-- masked: 1
show app.x

-- curious: allow
-- forms: simple, text
-- first: do $$ begin perform set_config('application_name', (select ssn from people where id = 1), false); end $$
-- masked: 1
show application_name

-- curious: allow
-- forms: simple, text
-- first: do $$ begin perform set_config('timezone', '<' || (select ssn from people where id = 1) || '>0', false); end $$
-- masked: 1
show timezone

-- curious: allow
-- first: do $$ begin perform set_config('application_name', (select ssn from people where id = 1), false); end $$
-- varies
select name, setting from pg_settings

-- curious: allow
-- first: do $$ begin perform set_config('application_name', (select ssn from people where id = 1), false); end $$
-- varies
select application_name from pg_stat_activity

-- curious: allow
-- forms: simple, text, copy
-- first: do $$ begin perform setval('ticket', (select salary from people where id = 1)); end $$
-- masked: last_value, is_called, log_cnt
select * from ticket

-- curious: allow
-- first: do $$ begin perform setval('ticket', (select salary from people where id = 1)); end $$
-- masked: 1
select currval('ticket')

-- curious: allow
-- first: do $$ begin perform setval('ticket', (select salary - 1 from people where id = 1)); end $$
-- masked: 1
select nextval('ticket')

-- curious: allow
-- first: do $$ begin perform pg_advisory_xact_lock((select salary from people where id = 1)); end $$
-- masked: 1
select objid from pg_locks where locktype = 'advisory'

-- curious: allow
-- first: do $$ begin execute 'listen ' || quote_ident((select ssn from people where id = 1)); end $$
-- bare
-- varies
select pg_listening_channels()

-- What a text of several statements leaves behind.
-- curious: allow
-- forms: simple
-- varies
do $$ begin perform set_config('app.x', (select ssn from people where id = 1), false); end $$; show app.x

-- Whether it is what was guessed tells of it, once something ran that nobody sees through.
-- reader: allow
-- first: set application_name = 'x'
select 1 as one where current_setting('application_name') = 'x'

-- What can only be a number, or one of a few words, is shown as ever.
-- curious: allow
-- first: do $$ begin perform set_config('app.x', (select ssn from people where id = 1), false); end $$
-- varies
show server_version

-- curious: allow
-- first: do $$ begin perform set_config('app.x', (select ssn from people where id = 1), false); end $$
select current_setting('transaction_isolation'), current_setting('server_version_num')
