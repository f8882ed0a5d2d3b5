-- Large objects are files of the server that no tag covers: whoever reads or makes them needs `administer`.

-- reader: deny 42501
-- writer: deny 42501
select lo_get(424242)

-- reader: deny 42501
-- writer: deny 42501
select lo_get(424242, 0, 10)

-- reader: deny 42501
-- writer: deny 42501
select encode(lo_get(424242), 'hex')

-- reader: deny 42501
-- writer: deny 42501
select lo_open(424242, 131072)

-- reader: deny 42501
-- writer: deny 42501
select loread(lo_open(424242, 262144), 10)

-- reader: deny 42501
-- writer: deny 42501
select lo_creat(-1)

-- reader: deny 42501
-- writer: deny 42501
select lo_create(0)

-- reader: deny 42501
-- writer: deny 42501
select lo_put(424242, 0, 'x')

-- reader: deny 42501
-- writer: deny 42501
select lowrite(lo_open(424242, 131072), 'x')

-- reader: deny 42501
-- writer: deny 42501
select lo_unlink(424242)

-- reader: deny 42501
-- writer: deny 42501
select lo_from_bytea(0, 'x')

-- reader: deny 42501
-- writer: deny 42501
select lo_from_bytea(0, photo) from people

-- reader: deny 42501
-- writer: deny 42501
select lo_put(424242, 0, photo) from people where id = 1

-- reader: deny 42501
-- writer: deny 42501
select lo_import('/etc/passwd')

-- reader: deny 42501
-- writer: deny 42501
select lo_import('/etc/passwd', 7)

-- reader: deny 42501
-- writer: deny 42501
select lo_export(424242, '/tmp/x')

-- reader: deny 42501
-- writer: deny 42501
select lo_lseek(lo_open(424242, 262144), 0, 2)

-- reader: deny 42501
-- writer: deny 42501
select lo_lseek64(lo_open(424242, 262144), 0, 2)

-- reader: deny 42501
-- writer: deny 42501
select lo_tell(0), lo_tell64(0), lo_close(0)

-- reader: deny 42501
-- writer: deny 42501
select lo_truncate(lo_open(424242, 131072), 0)

-- reader: deny 42501
-- writer: deny 42501
select lo_truncate64(0, 0)

-- reader: deny 42501
-- writer: deny 42501
select pg_catalog.lo_get(424242)

-- reader: deny 42501
-- writer: deny 42501
select "lo_get"(424242)

-- reader: deny 42501
-- writer: deny 42501
select id from orders where lo_get(424242) is not null

-- reader: deny 42501
-- writer: deny 42501
select count(*) filter (where lo_get(424242) is not null) from orders

-- reader: deny 42501
-- writer: deny 42501
values (1) limit (select length(lo_get(424242)))

-- reader: deny 42501
-- writer: deny 42501
select (424242::oid).lo_get

-- reader: deny 42501
-- writer: deny 42501
with l as (select lo_get(424242) as data) select data from l

-- reader: deny 42501
-- writer: deny 42501
select coalesce(lo_get(424242), 'x')

-- reader: deny 42501
-- writer: deny 42501
copy (select lo_get(424242)) to stdout

-- reader: deny 42501
-- writer: deny 42501
select lo_get(oid) from pg_largeobject_metadata

-- reader: deny 42501
-- writer: deny 42501
alter large object 424242 owner to postgres

-- reader: deny 42501
-- writer: deny 42501
grant select on large object 424242 to public

-- reader: deny 42501
-- writer: deny 42501
revoke select on large object 424242 from public

-- reader: deny 42501
comment on large object 424242 is 'x'

-- reader: deny 42501
do $$ begin perform lo_get(424242); end $$

-- reader: deny 42501
explain select lo_get(424242)

-- reader: deny 42501
prepare l as select lo_get(424242)

-- The target lets nobody but a superuser read the table itself.
-- reader: allow
-- varies
select * from pg_largeobject

-- That they are there is no secret.
-- reader: allow
select oid, lomowner = 'billing_service'::regrole from pg_largeobject_metadata where oid = 424242

-- reader: allow
select count(*) > 0 from pg_largeobject_metadata

-- reader: allow
select 'lo_get(424242)' as lo_get, note as loread from orders order by id
