-- Statistics, activity and plans hold values of columns.

-- Whether a column has one kind of statistics or the other tells of its values.
-- reader: deny 42501
select * from pg_stats where tablename = 'people'

-- reader: deny 42501
select most_common_vals from pg_stats

-- reader: deny 42501
select attname, most_common_vals from pg_catalog.pg_stats where schemaname = 'public'

-- reader: deny 42501
select count(*) from pg_statistic where stavalues1 is not null

-- reader: allow
-- varies
select query from pg_stat_activity

-- reader: allow
-- varies
select name, statement from pg_prepared_statements

-- reader: allow
-- varies
select name, statement from pg_cursors

-- curious: allow
-- forms: simple, text, binary, cursor
-- varies
select * from pg_stats where tablename = 'people'

-- curious: allow
-- varies
select array_to_string(most_common_vals::text::text[], ',') from pg_stats where tablename = 'people' and attname = 'ssn'

-- curious: allow
-- varies
select to_json(s) from pg_stats s where tablename = 'people'

-- curious: allow
-- varies
explain (verbose) select ssn || 'x' from people where ssn = (select ssn from people where id = 1)

-- curious: allow
-- varies
explain analyze select id from people where ssn like 'C%' order by ssn

-- A question about what others have said, or about values, needs `filter`.
-- reader: deny 42501
select pid from pg_stat_activity where query like '%x%'

-- reader: deny 42501
select attname from pg_stats where most_common_vals::text like '%x%'

-- reader: deny 42501
select attname from pg_stats where tablename = 'people' order by n_distinct

-- Secrets of the server.
-- reader: deny 42501
select rolpassword from pg_authid

-- reader: deny 42501
select passwd from pg_shadow

-- reader: deny 42501
select * from pg_user_mapping

-- The other way: descriptions are free.
-- reader: allow
-- varies
select pid, state, wait_event_type from pg_stat_activity where datname = current_database() and state <> 'idle' order by query_start

-- reader: allow
select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'people'::regclass and attnum > 0 order by attnum

-- reader: allow
select pg_get_viewdef('v_people'::regclass)

-- reader: allow
select column_name, data_type from information_schema.columns where table_name = 'people' order by ordinal_position
