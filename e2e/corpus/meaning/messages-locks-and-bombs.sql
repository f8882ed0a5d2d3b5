-- What disturbs others, or takes the server's time and memory.

-- reader: deny 42501
-- writer: allow
notify corpus, 'x'

-- reader: deny 42501
select pg_notify('corpus', 'x')

-- reader: allow
-- forms: simple, text
listen corpus

-- reader: deny 42501
select pg_advisory_lock(1)

-- reader: deny 42501
select pg_try_advisory_xact_lock(1)

-- reader: deny 42501
select pg_sleep(10)

-- reader: deny 42501
select pg_sleep_until('tomorrow')

-- reader: deny 42501
select id from orders where pg_sleep(0.01) is null

-- reader: deny 42501
lock table orders in access exclusive mode

-- reader: allow
-- forms: simple, text
lock table orders in access share mode

-- reader: deny 42501
-- forms: simple, text, binary
select * from orders for update

-- reader: deny 42501
select * from (select * from orders for share) o

-- reader: deny 42501
vacuum full orders

-- reader: deny 42501
analyze

-- reader: deny 42501
cluster orders using orders_pkey

-- reader: deny 42501
reindex table orders

-- reader: deny 42501
-- writer: deny 42501
checkpoint

-- Not modelled, whoever asks.
-- reader: deny 0A000
-- curious: deny 0A000
prepare transaction 'x'

-- The statement's own time ends it.
-- reader: allow
-- forms: simple, text
-- varies
-- first: set local statement_timeout = '50ms'
select count(*) from generate_series(1, 1000000000) a, generate_series(1, 1000000000) b
