-- Settings that change what every later statement means.

-- reader: deny SP008
-- forms: simple, text
set client_encoding = 'SJIS'

-- reader: deny SP008
-- forms: simple, text
set names 'latin1'

-- reader: deny SP008
-- forms: simple, text
set standard_conforming_strings = off

-- reader: deny 42501
set session_replication_role = replica

-- reader: deny 42501
set app.tenant = '1'

-- reader: deny SP008
-- forms: simple, text
select set_config('client_encoding', 'SJIS', false)

-- reader: deny SP008
-- forms: simple, text
select set_config('standard_conforming_strings', 'off', true)

-- reader: deny 0A000
-- forms: simple, text
select set_config('search_path', note, false) from orders

-- reader: deny 0A000
-- forms: simple, text
select set_config('sea' || 'rch_path', 'evil', false)

-- Everybody's daily ones.
-- reader: allow
-- forms: simple, text
set time zone 'UTC'

-- reader: allow
-- forms: simple, text
set statement_timeout = '10s'

-- reader: allow
-- forms: simple, text
set datestyle = iso, dmy

-- reader: allow
-- forms: simple, text
set search_path = lookalike, public

-- reader: allow
-- forms: simple, text
set transaction isolation level serializable read only

-- reader: allow
show search_path

-- The name means another table now.
-- reader: allow
-- first: set search_path = lookalike, public
-- row: first
select ssn from people where id = 1

-- reader: allow
-- first: set search_path = lookalike, public
-- masked: ssn
select ssn from public.people where id = 1

-- reader: allow
-- first: set local search_path = lookalike, public
-- first: rollback
-- masked: ssn
select ssn from people where id = 1
