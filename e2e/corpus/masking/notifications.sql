-- A payload may hold anything, a channel has a name: what a masked value could ride on.

-- reader: deny 42501
-- writer: deny 42501
select pg_notify('corpus', ssn) from people

-- reader: deny 42501
-- writer: deny 42501
select pg_notify(ssn, 'x') from people

-- reader: deny 42501
-- writer: deny 42501
select pg_notify('corpus', to_jsonb(p)::text) from people p

-- reader: deny 42501
-- writer: deny 42501
select pg_notify('corpus', upper(number)) from v_people

-- reader: deny 42501
-- writer: deny 42501
select pg_catalog.pg_notify('corpus', string_agg(ssn, ',')) from people

-- reader: deny 42501
-- writer: deny 42501
with n as (select pg_notify('corpus', ssn) from people) select 1

-- reader: deny 42501
-- writer: deny 42501
select count(*) from people where pg_notify('corpus', ssn) is null

-- reader: deny 42501
-- writer: allow
notify corpus

-- reader: deny 42501
-- writer: allow
notify corpus, 'hello'

-- reader: deny 42501
-- writer: allow
notify "delete from orders", 'drop table people'

-- reader: deny 42501
-- forms: simple, text
select pg_notify('corpus', 'x')

-- curious: allow
-- forms: simple, text
-- first: listen corpus
-- bare
do $$ begin perform pg_notify('corpus', (select ssn from people where id = 1)); end $$

-- curious: allow
-- forms: simple, text
-- first: listen corpus
-- bare
do $$ begin execute format('notify %I, %L', 'corpus', (select ssn from people where id = 1)); end $$

-- curious: allow
-- forms: simple, text
-- first: listen corpus
-- bare
do $$ begin perform pg_notify('corpus', encode(photo, 'hex')) from people; end $$

-- curious: allow
-- forms: simple, text
-- first: listen corpus
-- bare
do $$ begin perform pg_notify('corpus', reverse(ssn)) from people; end $$

-- What is sent openly comes as it was sent.
-- writer: allow
-- forms: simple, text
-- first: listen corpus
-- bare
notify corpus, 'hello'

-- reader: allow
-- first: listen corpus
select 1 as one

-- reader: allow
-- first: listen corpus
select pg_listening_channels()

-- reader: allow
select pg_notification_queue_usage() >= 0
