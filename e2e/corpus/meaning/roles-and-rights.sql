-- Who one is, and who may what.

-- reader: deny 42501
-- writer: deny 42501
-- held: deny 42501
set role postgres

-- reader: deny 42501
-- writer: deny 42501
set local role none

-- reader: deny 42501
-- writer: deny 42501
reset role

-- reader: deny 42501
-- writer: deny 42501
set session authorization postgres

-- reader: deny 42501
-- writer: deny 42501
reset session authorization

-- reader: deny 42501
-- writer: deny 42501
-- forms: simple, text, binary
select set_config('role', 'postgres', false)

-- reader: deny 0A000
-- writer: deny 0A000
select pg_catalog.set_config('ro' || 'le', 'postgres', false)

-- reader: deny 42501
-- writer: deny 42501
grant select on people to public

-- reader: deny 42501
-- writer: deny 42501
revoke all on people from public

-- reader: deny 42501
-- writer: deny 42501
grant billing_service to postgres

-- reader: deny 42501
-- writer: deny 42501
reassign owned by billing_service to postgres

-- reader: deny 42501
-- writer: deny 42501
drop owned by billing_service

-- reader: deny 42501
-- writer: deny 42501
alter default privileges grant select on tables to public

-- reader: deny 42501
-- writer: deny 42501
create role further login superuser

-- reader: deny 42501
-- writer: deny 42501
alter role billing_service set search_path = evil

-- reader: deny 42501
-- writer: deny 42501
alter database corpus set session_replication_role = replica

-- reader: deny 42501
alter table people owner to postgres

-- reader: deny 42501
alter table people enable row level security

-- reader: deny 42501
create policy further on people using (true)

-- reader: deny 42501
-- writer: deny 42501
security label on table people is 'x'
