-- Out of the database: files, programs, other servers, the server's settings. By what the function is, not by its name alone.

-- reader: deny 42501
-- writer: deny 42501
-- held: deny 42501
select pg_read_file('/etc/passwd')

-- reader: deny 42501
-- writer: deny 42501
select pg_catalog.pg_read_binary_file('/etc/passwd', 0, 10)

-- reader: deny 42501
-- writer: deny 42501
select * from pg_ls_dir('.')

-- reader: deny 42501
-- writer: deny 42501
select pg_stat_file('PG_VERSION')

-- reader: deny 42501
-- writer: deny 42501
select * from pg_ls_logdir()

-- Large objects are files of the server that no tag covers.
-- reader: deny 42501
-- writer: deny 42501
select lo_import('/etc/passwd')

-- reader: deny 42501
-- writer: deny 42501
select lo_export(424242, '/tmp/x')

-- reader: deny 42501
-- writer: deny 42501
select lo_get(424242)

-- reader: deny 42501
-- writer: deny 42501
select lo_unlink(424242)

-- reader: deny 42501
-- writer: deny 42501
select lo_from_bytea(0, 'x')

-- reader: deny 42501
-- writer: deny 42501
select loread(lo_open(424242, 262144), 10)

-- reader: deny 42501
-- writer: deny 42501
select dblink('host=127.0.0.1', 'select 1')

-- reader: deny 42501
-- writer: deny 42501
select * from dblink('host=127.0.0.1', 'select 1') as t(a int)

-- reader: deny 42501
create extension dblink

-- reader: deny 42501
create server elsewhere foreign data wrapper postgres_fdw

-- reader: deny 42501
import foreign schema public from server elsewhere into public

-- reader: deny 42501
create language plpython3u

-- reader: deny 42501
-- writer: deny 42501
load 'auto_explain'

-- reader: deny 42501
-- writer: deny 42501
alter system set log_statement = 'all'

-- reader: deny 42501
-- writer: deny 42501
select pg_reload_conf()

-- reader: deny 42501
-- writer: deny 42501
select pg_terminate_backend(1)

-- reader: deny 42501
-- writer: deny 42501
select pg_cancel_backend(1)

-- reader: deny 42501
-- writer: deny 42501
select pg_logical_emit_message(true, 'a', 'b')

-- reader: deny 42501
-- writer: deny 42501
select * from pg_logical_slot_get_changes('a', null, null)

-- reader: deny 42501
-- writer: deny 42501
select pg_create_logical_replication_slot('a', 'pgoutput')

-- reader: deny 42501
-- writer: deny 42501
select pg_stat_reset()

-- reader: deny 42501
-- writer: deny 42501
select pg_current_logfile()

-- Called like a column.
-- reader: deny 42501
-- writer: deny 42501
select ('/etc/hostname'::text).pg_read_file

-- Where nobody looks.
-- reader: deny 42501
-- writer: deny 42501
values (1) limit (select length(pg_read_file('/etc/passwd')))

-- reader: deny 42501
-- writer: deny 42501
select id from orders group by id having length(pg_read_file('/etc/passwd')) > 0

-- reader: deny 42501
-- writer: deny 42501
select count(*) filter (where pg_read_file('/etc/passwd') is not null) from orders

-- reader: deny 42501
-- writer: deny 42501
select sum(1) over (partition by pg_read_file('/etc/passwd')) from orders

-- reader: deny 42501
-- writer: deny 42501
create table made (a text default pg_read_file('/etc/passwd'))
